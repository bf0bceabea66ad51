// One file of a merge: opened when its turn comes, upgraded, or salvaged into a file that can be merged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/database/merger.hpp"
#include "core/database/open_file.hpp"
#include "core/database/salvage.hpp"

namespace foldperf::database {

// Removes a file, and what SQLite leaves beside it, when it goes.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void remove() const;
  std::string path_;
};

// One file of a process, or what was salvaged of it. Of a run's files one is open at a time: a killed process' one
// costs three descriptors, and a run may have more processes than a shell lets us open files.
struct Source {
  MergedFile* report = nullptr;
  std::unique_ptr<TemporaryFile> salvaged;
  std::unique_ptr<ReadableFile> file;
  SalvageReport losses;
  int rank = -1;
  std::string host;
  std::int64_t pid = 0;
  std::int64_t start_utc_ns = 0;  // 0: unknown
  std::int64_t offset_ns = 0;     // as the process' collector corrected its clock
};

// Opens the file that `source.report` names and reads which process wrote it; of one that cannot be read as it is, what
// can be salvaged (into a file beside `output`, whose name `number` makes unique). False: nothing of it can be used,
// and the report says why. Throws SqliteError only where there is no room for the salvaged file.
bool open_source(Source& source, const std::string& output, int number);

// Makes a readable file of a damaged one and opens it; the report says what was lost. Returns and throws as above.
bool salvage_source(Source& source, const std::string& output, int number);

// What was opened is closed; what was salvaged stays.
void close_source(Source& source);

}  // namespace foldperf::database
