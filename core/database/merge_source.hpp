// One file of a merge: opened, upgraded, or salvaged into a file that can be merged.
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

// One file of a process, opened, or what was salvaged of it.
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

// Opens the file that `source.report` names and reads which process wrote it. Throws InputError.
void open_source(Source& source);

// Makes a readable file of a damaged one, beside `output`, and opens it; the report says what was lost. Throws
// InputError when nothing can be read.
void salvage_source(Source& source, const std::string& output, int number);

}  // namespace foldperf::database
