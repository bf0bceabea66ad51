#include "trainer/checkpoint/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

OutputFile::OutputFile(std::string path, Mode mode) : path_(std::move(path)) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (mode == Mode::append ? O_APPEND : O_TRUNC);
  descriptor_ = ::open(path_.c_str(), flags, 0644);
  if (descriptor_ < 0) fail("cannot be opened for writing", errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::fail(const char* what, int error) const {
  throw SystemError(path_ + ": " + what + ": " + std::strerror(error));
}

int OutputFile::try_write(const char* data, std::size_t size) noexcept {
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, data, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

void OutputFile::write(std::string_view bytes) {
  if (const int error = try_write(bytes.data(), bytes.size())) fail("cannot be written", error);
}

void OutputFile::write_later_throwing(const void* data, std::size_t size) noexcept {
  if (pending_error_ == 0) pending_error_ = try_write(static_cast<const char*>(data), size);
}

void OutputFile::close() {
  if (descriptor_ < 0) return;
  // EINVAL: a pipe or device, which has nothing to make durable.
  if (pending_error_ == 0 && ::fsync(descriptor_) != 0 && errno != EINVAL) pending_error_ = errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 && pending_error_ == 0) pending_error_ = errno;
  if (pending_error_) fail("cannot be written", pending_error_);
}

}  // namespace foldperf::trainer
