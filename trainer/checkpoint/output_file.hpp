// A file that is being written: every failure of the system becomes an error that names the file and the reason.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foldperf::trainer {

class OutputFile {
 public:
  enum class Mode { truncate, append };
  // Throws SystemError.
  explicit OutputFile(std::string path, Mode mode = Mode::truncate);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Writes all bytes to the system. Throws SystemError ("No space left on device", ...).
  void write(std::string_view bytes);
  // As write, without throwing: for callbacks of C code. What failed is thrown by close().
  void write_later_throwing(const void* data, std::size_t size) noexcept;
  // Makes the bytes durable and closes. Throws SystemError.
  void close();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[noreturn]] void fail(const char* what, int error) const;
  int try_write(const char* data, std::size_t size) noexcept;  // 0, or errno

  std::string path_;
  int descriptor_ = -1;
  int pending_error_ = 0;
};

}  // namespace foldperf::trainer
