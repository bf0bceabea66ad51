#include "collectors/host/proc_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace foldperf::collectors {
namespace {

constexpr std::size_t smallest_buffer = 4096;
constexpr std::size_t largest_buffer = std::size_t{1} << 20;  // /proc/stat of 4,000 cores is smaller

}  // namespace

bool ProcFile::still_ours() const noexcept {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

bool ProcFile::open_again() noexcept {
  descriptor_ = -1;
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  struct stat status {};
  if (descriptor < 0) return false;
  if (fstat(descriptor, &status) != 0) {
    ::close(descriptor);
    return false;
  }
  descriptor_ = descriptor;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return true;
}

std::string_view ProcFile::read(std::vector<char>& buffer) noexcept {
  if (missing_) return {};
  if ((descriptor_ < 0 || !still_ours()) && !open_again()) {
    missing_ = true;
    return {};
  }
  try {
    if (buffer.size() < smallest_buffer) buffer.resize(smallest_buffer);
    // A file of /proc is made anew where it is read from its beginning: one call, or a line could change in between.
    while (true) {
      const ssize_t got = pread(descriptor_, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return {};
      const auto size = static_cast<std::size_t>(got);
      if (size < buffer.size() || buffer.size() >= largest_buffer) return {buffer.data(), size};
      buffer.resize(buffer.size() * 2);
    }
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void ProcFile::forget() noexcept {
  if (descriptor_ >= 0 && still_ours()) ::close(descriptor_);
  descriptor_ = -1;
  missing_ = false;
}

}  // namespace foldperf::collectors
