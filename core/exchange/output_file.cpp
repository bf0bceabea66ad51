#include "core/exchange/output_file.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>

namespace foldperf::exchange {

namespace {
constexpr std::size_t most_at_once = std::size_t{1} << 30;
}

OutputFile::OutputFile(const std::string& path) : path_(path), part_(path + ".part-" + std::to_string(getpid())) {
  // "T": as it is, without compression.
  file_ = gzopen(part_.c_str(), path.ends_with(".gz") ? "wb6" : "wbT");
  if (file_ == nullptr) fail();
  gzbuffer(static_cast<gzFile>(file_), 1U << 18);
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) gzclose(static_cast<gzFile>(file_));
  std::remove(part_.c_str());
}

void OutputFile::write(std::string_view text) {
  while (!text.empty()) {
    const auto size = static_cast<unsigned>(std::min(text.size(), most_at_once));
    if (gzwrite(static_cast<gzFile>(file_), text.data(), size) != static_cast<int>(size)) fail();
    text.remove_prefix(size);
  }
}

void OutputFile::close() {
  const int code = gzclose(static_cast<gzFile>(file_));
  file_ = nullptr;
  if (code != Z_OK || std::rename(part_.c_str(), path_.c_str()) != 0) fail();
}

void OutputFile::fail() const {
  throw SystemError("could not write " + path_ + ": is its folder there, may you write into it, and is there room?");
}

}  // namespace foldperf::exchange
