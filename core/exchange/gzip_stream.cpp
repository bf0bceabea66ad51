#include "core/exchange/gzip_stream.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"

namespace foldperf::exchange {

GzipStream::GzipStream(const std::string& path) : path_(path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw InputError(path, "is a folder, not a trace");
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) throw InputError(path, std::string("cannot be opened: ") + std::strerror(errno));
  gzbuffer(static_cast<gzFile>(file_), 1U << 18);
}

GzipStream::~GzipStream() { gzclose(static_cast<gzFile>(file_)); }

GzipStream::int_type GzipStream::underflow() {
  if (read_ > limit_) throw InputError(path_, "at byte " + std::to_string(read_) + ": one event takes too much room");
  const int size = gzread(static_cast<gzFile>(file_), buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int code = Z_OK;
  const char* const reason = gzerror(static_cast<gzFile>(file_), &code);
  if (size < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    std::string_view what(reason);  // zlib puts the name before it
    if (what.starts_with(path_ + ": ")) what.remove_prefix(path_.size() + 2);
    throw InputError(path_, "cannot be read behind byte " + std::to_string(read_) + ": " + std::string(what) +
                                "; is it damaged or cut off? copy or export it again");
  }
  if (size == 0) return traits_type::eof();
  read_ += static_cast<std::uint64_t>(size);
  setg(buffer_.data(), buffer_.data(), buffer_.data() + size);
  return traits_type::to_int_type(buffer_[0]);
}

}  // namespace foldperf::exchange
