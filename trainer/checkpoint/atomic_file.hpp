// A file that is there whole or not at all, whatever ends the program or the machine.
#pragma once

#include <string>

#include "trainer/checkpoint/output_file.hpp"

namespace foldperf::trainer {

// Written as <path>.partial; commit() makes it durable and gives it its name.
class AtomicFile {
 public:
  // Throws SystemError.
  explicit AtomicFile(const std::string& path);
  // Removes what was not committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  OutputFile& bytes() { return file_; }
  // Closes, renames, and makes the name durable. Throws SystemError; a file of that name is then as it was.
  void commit();

  static constexpr const char* suffix = ".partial";

 private:
  std::string path_;
  OutputFile file_;
  bool is_committed_ = false;
};

// Makes what was written to a file, by whatever part of the program, durable. Throws SystemError; a file that is not
// there, and one that cannot be durable (a pipe), are passed over.
void make_durable(const std::string& path);

}  // namespace foldperf::trainer
