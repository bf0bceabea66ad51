// Steps and seconds as users write them: shared by the collector's settings and foldperf profile's options.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace foldperf::collectors {

// Steps from `first` on, before `end`.
struct StepSpan {
  std::int64_t first = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

inline constexpr const char* steps_form = "A:B, steps from A on and before B, such as 10:13 (A: or :B may be left out)";
inline constexpr const char* seconds_form = "seconds, such as 30 or 0.5, at most 1e9";

inline std::optional<StepSpan> parse_steps(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() == 1) return std::nullopt;
  const auto number = [](std::string_view part, std::int64_t& value) {
    if (part.empty()) return true;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    return read.ec == std::errc() && read.ptr == part.data() + part.size() && value >= 0;
  };
  StepSpan steps;
  if (!number(text.substr(0, colon), steps.first) || !number(text.substr(colon + 1), steps.end)) return std::nullopt;
  if (steps.first >= steps.end) return std::nullopt;
  return steps;
}

// Nanoseconds.
inline std::optional<std::int64_t> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return std::nullopt;
  return static_cast<std::int64_t>(seconds * 1e9);
}

}  // namespace foldperf::collectors
