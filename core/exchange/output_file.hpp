// A text file that appears whole or not at all, gzip-compressed where its name ends in .gz.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace foldperf::exchange {

class OutputFile {
 public:
  explicit OutputFile(const std::string& path);  // throws SystemError; so do write and close
  ~OutputFile();                                 // without close(): nothing is left
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  void write(std::string_view text);
  void close();

 private:
  [[noreturn]] void fail() const;
  std::string path_, part_;
  void* file_ = nullptr;  // gzFile
};

}  // namespace foldperf::exchange
