// Sums of times and counts that a stranger's database may have made up: they stop at the largest number there is, where
// int64 would overflow. Single times are bounded where they are read (database::time_limit_ns), so that differences of
// two never overflow.
#pragma once

#include <cstdint>
#include <limits>

namespace foldperf::analysis {

inline void add_to(std::int64_t& sum, std::int64_t value) {
  if (__builtin_add_overflow(sum, value, &sum)) {
    sum = value > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  }
}

}  // namespace foldperf::analysis
