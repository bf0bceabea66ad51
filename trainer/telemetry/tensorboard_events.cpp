#include "trainer/telemetry/tensorboard_events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "trainer/telemetry/crc32c.hpp"

namespace foldperf::trainer::telemetry {
namespace {

double now_s() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw SystemError(path + ": " + what + ": " + std::strerror(error));
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// TensorBoard reads the files of a folder in the order of their names, so that they begin with the time.
std::string new_file_name() {
  static std::atomic<int> number{0};
  std::string seconds = std::to_string(static_cast<std::int64_t>(now_s()));
  seconds.insert(0, seconds.size() < 10 ? 10 - seconds.size() : 0, '0');
  return "events.out.tfevents." + seconds + "." + host_name() + "." + std::to_string(::getpid()) + "." +
         std::to_string(number++);
}

template <typename Number>
void append_little_endian(std::string& text, Number value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) text.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

}  // namespace

std::string framed(std::string_view message) {
  std::string record;
  record.reserve(message.size() + 16);
  append_little_endian(record, static_cast<std::uint64_t>(message.size()));
  append_little_endian(record, masked_crc32c(record));
  record.append(message);
  append_little_endian(record, masked_crc32c(message));
  return record;
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t first_step) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw SystemError(folder.string() + ": the folder cannot be made: " + error.message());
  path_ = (folder / new_file_name()).string();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path_, "cannot be opened for writing", errno);
  append(encode_version(now_s()));
  append(encode_restart(now_s(), first_step));
}

EventFile::~EventFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void EventFile::scalars(std::int64_t step, const std::vector<Scalar>& values) {
  if (!values.empty()) append(encode_scalars(now_s(), step, values));
}

void EventFile::text(std::int64_t step, const std::string& tag, const std::string& markdown) {
  append(encode_text(now_s(), step, tag, markdown));
}

void EventFile::append(std::string_view message) {
  const std::string record = framed(message);
  for (std::size_t at = 0; at < record.size();) {
    const ssize_t written = ::write(descriptor_, record.data() + at, record.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "cannot be written", errno);
    at += static_cast<std::size_t>(written);
  }
}

void EventFile::close() {
  if (descriptor_ >= 0 && ::close(std::exchange(descriptor_, -1)) != 0) fail(path_, "cannot be written", errno);
}

}  // namespace foldperf::trainer::telemetry
