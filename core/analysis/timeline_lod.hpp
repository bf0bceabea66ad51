// Levels of detail of one track of a timeline: what to draw of a million rows on a thousand pixels.
//
// Level L cuts time into buckets of 4^L ns, at multiples of it. A bucket that no row touches is not there. Rows may
// overlap: `busy_ns` is the union of what lies in the bucket, so that each level's sums to the union of all rows.
#pragma once

#include <cstdint>
#include <vector>

namespace foldperf::analysis {

constexpr int lod_factor_bits = 2;  // a level's buckets are 4 times as wide as those of the one below
constexpr int lod_finest_level = 5;
constexpr int lod_coarsest_level = 30;  // 2^60 ns: all that times may be
constexpr std::int64_t lod_bucket_ns(int level) { return std::int64_t{1} << (lod_factor_bits * level); }

struct TrackRow {
  std::int64_t start = 0;  // ns, within database::time_limit_ns
  std::int64_t end = 0;    // ns, not before start
  std::int64_t id = 0;     // the caller's, of the row
};

struct LodBucket {
  std::int64_t start = 0;    // of the first row's part that lies in the bucket
  std::int64_t end = 0;      // of the last one's
  std::int64_t busy_ns = 0;  // of the union of the rows' parts
  std::int64_t rows = 0;     // that start in the bucket
  std::int64_t longest = 0;  // id of the row that takes longest, of those that touch the bucket
  std::int64_t longest_ns = 0;
};

struct LodLevel {
  int level = 0;
  std::vector<LodBucket> buckets;  // by start
};

// `rows` by start. The finest level has at most one bucket for 16 rows (but 16 buckets are always allowed), or is
// lod_finest_level; the last has at most 16 buckets. No rows, no level.
std::vector<LodLevel> levels_of_detail(const std::vector<TrackRow>& rows);

}  // namespace foldperf::analysis
