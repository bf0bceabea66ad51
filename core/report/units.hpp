// Numbers as people read them: three significant digits and a unit.
#pragma once

#include <cstdint>
#include <string>

namespace foldperf::report {

std::string format_duration(double ns);       // "812 ns", "4.10 µs", "37.2 ms", "1.28 s", "4 min 07 s", "2 h 05 min"
std::string format_tick_duration(double ns);  // the same without zeros behind the point: "50 ms", "2.5 s"
std::string format_tick(double value, double step);  // a number on an axis whose ticks are `step` apart
std::string format_count(std::int64_t count);        // "1,234,567"
std::string format_bytes(double bytes);              // "512 B", "15.6 GiB"
std::string format_percent(double fraction);         // 0.123 -> "12.3%"; "<0.1%" where it would read 0
std::string format_value(double value);              // a metric: "0.0712", "12.3", "1.00e-05"
std::string format_rate(double per_second);          // "2.41/s"; "14.2/min" below one in ten seconds
std::string format_utc(std::int64_t utc_ns);         // "2026-01-31 12:00:05 UTC"; "unknown" for 0

// part / whole, 0 where there is no whole.
double share(double part, double whole);

}  // namespace foldperf::report
