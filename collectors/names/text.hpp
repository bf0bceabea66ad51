// Text as programs hand it over, and as it is stored: UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foldperf::collectors {

// Longer texts are cut here, at a character's border.
inline constexpr std::size_t longest_text_bytes = 1 << 20;

// Writes `text` (UTF-32, as Linux's wchar_t is) as UTF-8 into `out`, at most `capacity` bytes and whole characters
// only. Returns the bytes written. A value that is no Unicode character becomes U+FFFD.
std::size_t wide_to_utf8(const wchar_t* text, char* out, std::size_t capacity) noexcept;

std::string wide_to_utf8(const wchar_t* text);

// Bytes of `text` up to its end or `longest_text_bytes`, not in the middle of a UTF-8 character. 0 for a null pointer.
std::size_t bounded_length(const char* text) noexcept;

// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD: SQL tools refuse anything else.
std::string valid_utf8(std::string_view text);

}  // namespace foldperf::collectors
