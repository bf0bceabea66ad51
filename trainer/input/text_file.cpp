#include "trainer/input/text_file.hpp"

#include <zlib.h>

#include <array>
#include <cstring>
#include <memory>
#include <system_error>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t largest_file = std::size_t{4} << 30;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose_r(file); }
};

}  // namespace

std::string read_text_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw InputError(path.string(), "no such file");
  if (std::filesystem::is_directory(status)) throw InputError(path.string(), "is a folder; a file was expected");
  const std::unique_ptr<gzFile_s, CloseGzip> file(gzopen(path.c_str(), "rb"));
  if (!file) throw InputError(path.string(), "cannot be opened (check its permissions)");
  std::string text;
  std::array<char, std::size_t{1} << 16> buffer{};
  for (;;) {
    const int count = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > largest_file) throw InputError(path.string(), "is larger than 4 GiB");
  }
  int code = Z_OK;
  const char* reason = gzerror(file.get(), &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    throw InputError(path.string(), std::string("cannot be decompressed (") + (reason ? reason : "read error") +
                                        "); the file is damaged or truncated");
  }
  if (text.empty()) throw InputError(path.string(), "is empty");
  return text;
}

bool Lines::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const char* const start = rest_.data();
  const char* const end = start + rest_.size();
  const auto find = [start](char what, const char* before) {
    const void* found = std::memchr(start, what, static_cast<std::size_t>(before - start));
    return found ? static_cast<const char*>(found) : before;
  };
  if (return_ == nullptr || return_ < start) return_ = find('\r', end);
  const char* const stop = find('\n', return_);
  line = std::string_view(start, static_cast<std::size_t>(stop - start));
  const bool both = stop != end && *stop == '\r' && stop + 1 != end && stop[1] == '\n';
  rest_.remove_prefix(line.size() + (stop == end ? 0 : both ? 2 : 1));
  ++number_;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; };
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return true;
}

std::string name_without_gz(std::string_view name) {
  constexpr std::string_view gz = ".gz";
  return std::string(name.size() > gz.size() && name.ends_with(gz) ? name.substr(0, name.size() - gz.size()) : name);
}

std::string in_capitals(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return result;
}

std::string in_small_letters(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

bool is_iso_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto number = [&](std::size_t start, std::size_t count) {
    int value = 0;
    for (const char digit : text.substr(start, count)) {
      if (digit < '0' || digit > '9') return -1;
      value = value * 10 + (digit - '0');
    }
    return value;
  };
  const int month = number(5, 2);
  const int day = number(8, 2);
  return number(0, 4) >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::string shown(char character) {
  if (character >= ' ' && character <= '~') return std::string("'") + character + "'";
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(character);
  return std::string("byte 0x") + digits[byte >> 4] + digits[byte & 15];
}

}  // namespace foldperf::trainer
