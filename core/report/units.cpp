#include "core/report/units.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace foldperf::report {
namespace {

template <class... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

// Three significant digits for 1 <= value < 1000, without an exponent.
std::string three_digits(double value) {
  const double size = std::abs(value);
  if (size >= 99.95) return print("%.0f", value);
  if (size >= 9.995) return print("%.1f", value);
  return print("%.2f", value);
}

}  // namespace

std::string format_duration(double ns) {
  if (!std::isfinite(ns)) return "unknown";
  if (ns < 0) return "-" + format_duration(-ns);
  if (ns == 0) return "0";
  if (ns < 999.5) return print("%.0f ns", ns);
  if (ns < 999.5e3) return three_digits(ns * 1e-3) + " µs";
  if (ns < 999.5e6) return three_digits(ns * 1e-6) + " ms";
  const double s = ns * 1e-9;
  if (s < 99.95) return three_digits(s) + " s";
  const auto whole = static_cast<long long>(std::llround(std::min(s, 1e15)));
  if (whole < 3600) return print("%lld min %02lld s", whole / 60, whole % 60);
  return print("%lld h %02lld min", whole / 3600, whole % 3600 / 60);
}

std::string format_tick_duration(double ns) {
  std::string text = format_duration(ns);
  const std::size_t point = text.find('.');
  const std::size_t space = text.find(' ');
  if (point == std::string::npos || space == std::string::npos || point > space) return text;
  std::size_t end = space;
  while (text[end - 1] == '0') --end;
  if (end == point + 1) end = point;
  return text.erase(end, space - end);
}

std::string format_tick(double value, double step) {
  if (value == 0) return "0";
  if (!(step >= 1e-4) || std::abs(value) >= 1e6) return format_value(value);
  int decimals = 0;  // what the step needs: 0.25 two, 0.5 one
  for (double scaled = step; decimals < 5 && std::abs(scaled - std::round(scaled)) > 1e-6 * scaled; scaled *= 10)
    ++decimals;
  return print("%.*f", decimals, value);
}

std::string format_count(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string format_bytes(double bytes) {
  constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1023.5 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return (unit == 0 ? print("%.0f", bytes) : three_digits(bytes)) + " " + units[unit];
}

std::string format_percent(double fraction) {
  if (!std::isfinite(fraction)) return "unknown";
  if (fraction > 0 && fraction < 0.0005) return "<0.1%";
  return print("%.1f%%", fraction * 100);
}

std::string format_value(double value) {
  if (!std::isfinite(value)) return "not finite";
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-3 || size >= 1e6) return print("%.2e", value);
  if (size >= 1000) return print("%.0f", value);
  if (size >= 1) return three_digits(value);
  return print("%.*g", 3, value);
}

std::string format_rate(double per_second) {
  if (per_second >= 0.1) return three_digits(per_second) + "/s";
  return three_digits(per_second * 60) + "/min";
}

std::string format_utc(std::int64_t utc_ns) {
  if (utc_ns <= 0) return "unknown";
  const auto seconds = static_cast<std::time_t>(utc_ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return buffer.data();
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace foldperf::report
