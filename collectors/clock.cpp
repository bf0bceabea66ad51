#include "collectors/clock.hpp"

#include <time.h>

#include <limits>

namespace foldperf::collectors {
namespace {

std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }

std::int64_t measure_utc_offset_ns() noexcept {
  // The thread may be descheduled between two readings: the pair that took least time is the most exact.
  constexpr int readings = 8;
  std::int64_t best_width = std::numeric_limits<std::int64_t>::max();
  std::int64_t offset = 0;
  for (int i = 0; i < readings; ++i) {
    const std::int64_t before = read_clock(CLOCK_MONOTONIC);
    const std::int64_t utc = read_clock(CLOCK_REALTIME);
    const std::int64_t after = read_clock(CLOCK_MONOTONIC);
    if (after - before < best_width) {
      best_width = after - before;
      offset = utc - (before + (after - before) / 2);
    }
  }
  return offset;
}

}  // namespace foldperf::collectors
