// Reads a file, plain or compressed by gzip, as a stream buffer.
#pragma once

#include <array>
#include <cstdint>
#include <streambuf>
#include <string>

namespace foldperf::exchange {

class GzipStream : public std::streambuf {
 public:
  explicit GzipStream(const std::string& path);  // throws InputError
  ~GzipStream() override;
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  // Reading on throws an InputError when more than `bytes` were read since this was last called: a token that fills the
  // memory (a few KB of gzip may hold it) is refused before it does.
  void allow(std::uint64_t bytes) { limit_ = read_ + bytes; }

 protected:
  int_type underflow() override;

 private:
  std::string path_;
  void* file_ = nullptr;  // gzFile
  std::uint64_t read_ = 0;
  std::uint64_t limit_ = 0;
  std::array<char, 1 << 16> buffer_{};
};

}  // namespace foldperf::exchange
