// A file of /proc that is read again and again: opened once, read from its beginning each time.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace foldperf::collectors {

// One thread at a time. Never closes its descriptor but by forget(): a program may have closed it and have given its
// number to a file of its own, which is then noticed (by device and inode) and left alone.
class ProcFile {
 public:
  explicit ProcFile(std::string path) : path_(std::move(path)) {}

  // The content, valid until the next call; empty where there is no such file or it cannot be read. A file that could
  // not be opened is tried again at the next call after forget() only.
  std::string_view read(std::vector<char>& buffer) noexcept;

  // In a forked child, whose own files of /proc/self are others; and to give the descriptor back.
  void forget() noexcept;

 private:
  [[nodiscard]] bool still_ours() const noexcept;
  bool open_again() noexcept;

  std::string path_;
  int descriptor_ = -1;
  bool missing_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace foldperf::collectors
