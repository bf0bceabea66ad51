#include "collectors/names/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <cwchar>

namespace foldperf::collectors {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;
constexpr std::string_view replacement_utf8 = "\xEF\xBF\xBD";

bool is_character(std::uint32_t code) { return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

// Bytes written to `out`, which holds at least 4.
std::size_t encode(std::uint32_t code, char* out) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    out[0] = byte(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = byte(0xC0 | (code >> 6));
    out[1] = byte(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = byte(0xE0 | (code >> 12));
    out[1] = byte(0x80 | ((code >> 6) & 0x3F));
    out[2] = byte(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = byte(0xF0 | (code >> 18));
  out[1] = byte(0x80 | ((code >> 12) & 0x3F));
  out[2] = byte(0x80 | ((code >> 6) & 0x3F));
  out[3] = byte(0x80 | (code & 0x3F));
  return 4;
}

// Length of the valid character at `text`[`at`], 0 where there is none (RFC 3629).
std::size_t character_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0) == 0xE0         ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || at + length > text.size()) return 0;
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  return overlong || !is_character(code) ? 0 : length;
}

}  // namespace

std::size_t wide_to_utf8(const wchar_t* text, char* out, std::size_t capacity) noexcept {
  if (text == nullptr) return 0;
  std::size_t written = 0;
  for (; *text != L'\0'; ++text) {
    const auto value = static_cast<std::uint32_t>(*text);
    char character[4];
    const std::size_t length = encode(is_character(value) ? value : replacement, character);
    if (written + length > capacity) break;
    std::memcpy(out + written, character, length);
    written += length;
  }
  return written;
}

std::string wide_to_utf8(const wchar_t* text) {
  if (text == nullptr) return {};
  std::string result(std::min(std::wcslen(text) * 4, longest_text_bytes), '\0');
  result.resize(wide_to_utf8(text, result.data(), result.size()));
  return result;
}

std::size_t bounded_length(const char* text) noexcept {
  if (text == nullptr) return 0;
  std::size_t length = strnlen(text, longest_text_bytes);
  if (length == longest_text_bytes) {
    // At most three continuation bytes belong to the character that is cut.
    for (int i = 0; i < 4 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80; ++i) --length;
  }
  return length;
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    if (length == 0) {
      result += replacement_utf8;
      ++at;
    } else {
      result.append(text.substr(at, length));
      at += length;
    }
  }
  return result;
}

}  // namespace foldperf::collectors
