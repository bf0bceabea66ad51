#include "trainer/input/compression.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t first_step = std::size_t{1} << 20;
// Deflate makes nothing smaller than to this part of it (zlib's technical details).
constexpr std::uint64_t highest_ratio = 1032;

// zlib takes sizes of 32 bits.
uInt piece_of(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

class Inflater {
 public:
  Inflater(std::string_view bytes, int window_bits) : rest_(bytes) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Fills up to `size` bytes at `to`; less only at the end of the stream. Throws InputError.
  std::size_t fill(char* to, std::size_t size, const std::string& path) {
    std::size_t done = 0;
    while (done < size && !is_at_end_) {
      const uInt input = piece_of(rest_.size());
      const uInt room = piece_of(size - done);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_.avail_in = input;
      stream_.next_out = reinterpret_cast<Bytef*>(to + done);
      stream_.avail_out = room;
      const int code = inflate(&stream_, Z_NO_FLUSH);
      rest_.remove_prefix(input - stream_.avail_in);
      done += room - stream_.avail_out;
      is_at_end_ = code == Z_STREAM_END;
      if (code == Z_MEM_ERROR) throw std::bad_alloc();
      if (code == Z_OK || is_at_end_) continue;
      const bool is_cut = code == Z_BUF_ERROR && rest_.empty();
      const char* reason = is_cut ? "unexpected end" : stream_.msg != nullptr ? stream_.msg : "no valid data";
      throw InputError(path, std::string("cannot be decompressed (") + reason + "); the file is damaged or truncated");
    }
    return done;
  }

  [[nodiscard]] bool is_at_end() const { return is_at_end_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void start_next_stream() {
    inflateReset(&stream_);
    is_at_end_ = false;
  }

 private:
  z_stream stream_{};
  std::string_view rest_;  // not yet read
  bool is_at_end_ = false;
};

}  // namespace

std::string deflate_bytes(std::string_view bytes, int level) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(result.data()), &size,
                             reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), level);
  if (code != Z_OK) throw std::bad_alloc();  // the room is enough: it can have no other reason
  result.resize(size);
  return result;
}

std::string inflate_bytes(std::string_view bytes, std::uint64_t size, const std::string& path) {
  const auto fail_size = [&] {
    throw InputError(path, "is said to have " + std::to_string(size) +
                               " bytes, which is not what it decompresses to; the file is damaged");
  };
  if (size > largest_inflated) throw InputError(path, "is larger than 4 GiB");
  if (size / highest_ratio > bytes.size()) fail_size();
  Inflater inflater(bytes, MAX_WBITS);
  std::string result;
  while (!inflater.is_at_end() && result.size() < size) {
    const std::size_t start = result.size();
    result.resize(std::min<std::size_t>(size, std::max(first_step, 2 * start)));
    result.resize(start + inflater.fill(result.data() + start, result.size() - start, path));
  }
  char more = 0;
  if (result.size() < size || inflater.fill(&more, 1, path) > 0 || !inflater.rest().empty()) fail_size();
  return result;
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip_bytes(std::string_view bytes, const std::string& path) {
  constexpr int gzip_only = 16;
  Inflater inflater(bytes, MAX_WBITS + gzip_only);
  std::string result;
  for (;;) {
    const std::size_t start = result.size();
    result.resize(std::max(first_step, 2 * start));
    result.resize(start + inflater.fill(result.data() + start, result.size() - start, path));
    if (result.size() > largest_inflated) throw InputError(path, "is larger than 4 GiB");
    if (!inflater.is_at_end()) continue;
    // As gzip does, what follows and is no gzip stream is passed over.
    if (!is_gzip(inflater.rest())) return result;
    inflater.start_next_stream();
  }
}

}  // namespace foldperf::trainer
