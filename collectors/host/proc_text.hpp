// The texts of /proc, read by hand: no locale, no allocation but of the vectors handed in. Whatever the text, nothing
// is read beyond it; what is not there is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace foldperf::collectors {

// Of one core, in clock ticks since the machine's start.
struct CoreTicks {
  std::int64_t core = 0;
  std::int64_t busy = 0;   // all but idle and waiting for input and output; steal counts as busy, by others
  std::int64_t total = 0;  // with those
};

// The lines cpu0, cpu1, ... of /proc/stat, in their order.
void read_core_ticks(std::string_view text, std::vector<CoreTicks>& cores);

// Threads that run or could, from /proc/loadavg ("0.11 0.20 0.18 3/512 8142": 3).
std::optional<std::int64_t> read_run_queue(std::string_view text);

// Microseconds in which at least one task waited, from a file of /proc/pressure.
std::optional<std::int64_t> read_pressure_total_us(std::string_view text);

// The page cache, from /proc/meminfo.
std::optional<std::int64_t> read_page_cache_bytes(std::string_view text);

// Pages of resident memory, from /proc/self/statm.
std::optional<std::int64_t> read_resident_pages(std::string_view text);

// /proc/<pid>/task/<tid>/stat.
struct ThreadTicks {
  std::int64_t ticks = 0;  // in user and system mode
  std::int64_t core = 0;   // where it ran last
};
std::optional<ThreadTicks> read_thread_ticks(std::string_view text);

// Numbers apart by white space (/proc/<pid>/task/<tid>/children), appended.
void read_numbers(std::string_view text, std::vector<std::int64_t>& numbers);

}  // namespace foldperf::collectors
