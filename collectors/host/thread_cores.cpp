#include "collectors/host/thread_cores.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "collectors/host/proc_text.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::size_t buffer_bytes = 4096;

std::string_view read_once(const std::string& path, std::vector<char>& buffer) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return {};
  if (buffer.size() < buffer_bytes) buffer.resize(buffer_bytes);
  const ssize_t got = pread(descriptor, buffer.data(), buffer.size(), 0);
  close(descriptor);
  return got > 0 ? std::string_view(buffer.data(), static_cast<std::size_t>(got)) : std::string_view();
}

}  // namespace

void ThreadCores::list_threads() {
  threads_.clear();
  next_ = 0;
  DIR* folder = opendir(folder_.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') threads_.emplace_back(entry->d_name);
  }
  closedir(folder);
}

bool ThreadCores::advance(int rounds, std::vector<char>& buffer) {
  if (round_ == 0) list_threads();
  ++round_;
  const std::size_t until =
      (threads_.size() * static_cast<std::size_t>(round_) + static_cast<std::size_t>(rounds) - 1) /
      static_cast<std::size_t>(rounds);
  for (; next_ < until && next_ < threads_.size(); ++next_) {
    const std::string path = folder_ + "/" + threads_[next_];
    if (const auto read = read_thread_ticks(read_once(path + "/stat", buffer))) {
      now_[threads_[next_]] = read->ticks;
      // A thread that began meanwhile began at zero.
      const auto found = before_.find(threads_[next_]);
      counting_[read->core] += std::max<std::int64_t>(0, read->ticks - (found == before_.end() ? 0 : found->second));
    }
    read_numbers(read_once(path + "/children", buffer), finding_);
  }
  if (round_ < rounds) return false;
  round_ = 0;
  if (!threads_.empty()) ++cycles_;
  before_.swap(now_);
  now_.clear();
  ticks_.swap(counting_);
  counting_.clear();
  children_.swap(finding_);
  finding_.clear();
  return true;
}

void ThreadCores::forget() {
  threads_.clear();
  next_ = 0;
  round_ = 0;
  cycles_ = 0;
  before_.clear();
  now_.clear();
  ticks_.clear();
  counting_.clear();
  children_.clear();
  finding_.clear();
}

}  // namespace foldperf::collectors
