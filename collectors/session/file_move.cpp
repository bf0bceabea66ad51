#include "collectors/session/file_move.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>

namespace foldperf::collectors {
namespace {

bool copy_bytes(int from, int to) {
  std::array<char, std::size_t{64} << 10> block;
  while (true) {
    const ssize_t got = read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(to, block.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      done += put;
    }
  }
}

}  // namespace

bool move_file(const std::string& from, const std::string& to) noexcept try {
  const std::string part = to + ".part";
  const int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) return false;
  const int target = open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (target < 0) {
    close(source);
    return false;
  }
  const bool copied = copy_bytes(source, target);
  close(source);
  // A network file system tells only now that it is full.
  const bool whole = close(target) == 0 && copied;
  if (!whole || std::rename(part.c_str(), to.c_str()) != 0) {
    unlink(part.c_str());
    return false;
  }
  unlink(from.c_str());
  return true;
} catch (const std::exception&) {
  return false;
}

}  // namespace foldperf::collectors
