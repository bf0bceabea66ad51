// What a cache of parsed files did, and its report for the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace foldperf::trainer {

struct CacheStatistics {
  std::int64_t hits = 0;          // found, or loaded by another worker meanwhile
  std::int64_t misses = 0;        // loads, successful or not
  std::int64_t failures = 0;      // loads that threw
  std::int64_t evictions = 0;     // values let go of for others
  std::int64_t too_large = 0;     // values above the whole limit: not kept
  std::size_t entries = 0;        // held now
  std::size_t bytes = 0;          // held now
  std::size_t largest_bytes = 0;  // held at any time
  std::size_t limit_bytes = 0;
};

// One line without its end, e.g. "found 96.1% of 4000, let go of 12; holds 120 in 34.5 MB, at most 40.0 of 512.0 MB".
std::string describe(const CacheStatistics& statistics);

}  // namespace foldperf::trainer
