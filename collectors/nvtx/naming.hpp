// What the naming callbacks share: text to std::string, and no exception to the program.
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include "collectors/names/text.hpp"

namespace foldperf::collectors {

inline std::string to_string(const char* text) { return {text == nullptr ? "" : text, bounded_length(text)}; }
inline std::string to_string(const wchar_t* text) { return wide_to_utf8(text); }

// The result of `call`; a value-initialised one where it throws (no memory). Keeps errno.
template <typename Call>
auto never_throw(Call&& call) noexcept -> decltype(call()) {
  const int kept = errno;
  try {
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      errno = kept;
    } else {
      auto result = call();
      errno = kept;
      return result;
    }
  } catch (const std::exception&) {
    errno = kept;
    return decltype(call())();
  }
}

}  // namespace foldperf::collectors
