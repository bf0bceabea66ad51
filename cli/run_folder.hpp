// The folder in which the processes of a run write while it lasts, beside the run database that is made of them.
// It also holds what `foldperf profile` knows of the run, so that a run whose profile was killed can be merged later.
#pragma once

#include <string>
#include <vector>

#include "core/database/merger.hpp"

namespace foldperf::cli {

class RunFolder {
 public:
  // A new folder beside `output`: "<output>.part-XXXXXX". Throws SystemError.
  static RunFolder create(const std::string& output);
  // One that a killed profile left. Throws InputError where it is no folder.
  static RunFolder open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }

  // What is known of the run, in run.json.
  void save(const database::RunInfo& run) const;  // throws SystemError
  // As saved; where there is no such file, or a damaged one, what the processes' files tell is all.
  [[nodiscard]] database::RunInfo load() const;

  // Whether `foldperf profile` made it. A person's own folder (docs/collectors.md) holds no run.json.
  [[nodiscard]] bool made_by_profile() const noexcept;

  // Removes these files of it and what SQLite keeps beside them; then, where no process has written another, the folder
  // itself. What a person has put there stays. Never throws: what stays is only rubbish.
  void remove(const std::vector<std::string>& process_files) const noexcept;

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// What has become of the process that wrote a file, by the file's name (database::process_file_name).
enum class Writer { ended, runs, elsewhere };  // elsewhere: on another machine, of which nothing is known
Writer writer_of(const std::string& process_file);

}  // namespace foldperf::cli
