#include "trainer/checkpoint/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// A folder's names are durable once the folder is. File systems that cannot do that say EINVAL.
void synchronise(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (descriptor < 0 && errno == ENOENT) return;
  int error = descriptor < 0 ? errno : 0;
  if (descriptor >= 0 && ::fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (error != 0) throw SystemError(path + ": cannot be made durable: " + std::strerror(error));
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path), file_(path + suffix) {}

AtomicFile::~AtomicFile() {
  if (!is_committed_) std::remove(file_.path().c_str());
}

void AtomicFile::commit() {
  file_.close();
  std::error_code error;
  std::filesystem::rename(file_.path(), path_, error);
  if (error) throw SystemError(path_ + ": cannot be replaced: " + error.message());
  is_committed_ = true;
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  synchronise(folder.empty() ? "." : folder, O_DIRECTORY);
}

void make_durable(const std::string& path) { synchronise(path, 0); }

}  // namespace foldperf::trainer
