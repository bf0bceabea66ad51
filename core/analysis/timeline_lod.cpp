#include "core/analysis/timeline_lod.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace foldperf::analysis {
namespace {

constexpr std::size_t rows_a_bucket = 16;
constexpr std::size_t always_allowed = 16;

constexpr std::int64_t bucket_of(std::int64_t time, int level) { return time >> (lod_factor_bits * level); }

// The last bucket that a row touches; one without length touches that of its start.
std::int64_t last_bucket(const TrackRow& row, int level) { return bucket_of(std::max(row.start, row.end - 1), level); }

// Counts, for each level, the buckets that the rows touch.
int finest_level(const std::vector<TrackRow>& rows) {
  constexpr std::size_t levels = lod_coarsest_level + 1;
  std::array<std::int64_t, levels> count{}, next{};
  next.fill(INT64_MIN);
  for (const TrackRow& row : rows) {
    for (int level = lod_finest_level; level <= lod_coarsest_level; ++level) {
      const auto i = static_cast<std::size_t>(level);
      const std::int64_t last = last_bucket(row, level);
      if (last < next[i]) break;  // what lies within a bucket that is there does so on coarser levels
      count[i] += last - std::max(next[i], bucket_of(row.start, level)) + 1;
      next[i] = last + 1;
    }
  }
  const auto most = static_cast<std::int64_t>(std::max(always_allowed, rows.size() / rows_a_bucket));
  for (int level = lod_finest_level; level < lod_coarsest_level; ++level) {
    if (count[static_cast<std::size_t>(level)] <= most) return level;
  }
  return lod_coarsest_level;
}

void keep_longest(LodBucket& bucket, std::int64_t id, std::int64_t ns) {
  if (ns <= bucket.longest_ns) return;
  bucket.longest = id;
  bucket.longest_ns = ns;
}

// Each row adds only what lies beyond the rows before it: rows that overlap over many buckets cost no more than others.
void add_covered(const std::vector<TrackRow>& rows, LodLevel& result) {
  std::vector<LodBucket>& buckets = result.buckets;
  const int level = result.level;
  const std::int64_t width = lod_bucket_ns(level);
  std::int64_t covered = INT64_MIN;
  std::size_t of_start = 0;  // the bucket of the row's start
  for (const TrackRow& row : rows) {
    const std::int64_t from = std::max(row.start, covered);
    if (row.end > covered || row.start >= covered) {
      for (std::int64_t number = bucket_of(from, level); number <= last_bucket(row, level); ++number) {
        const std::int64_t begin = std::max(from, number * width);
        const std::int64_t end = std::max(begin, std::min(row.end, number * width + width));
        if (buckets.empty() || bucket_of(buckets.back().start, level) < number) {
          buckets.push_back({begin, end, 0, 0, row.id, -1});
        }
        buckets.back().end = std::max(buckets.back().end, end);
        buckets.back().busy_ns += end - begin;
      }
    }
    covered = std::max(covered, row.end);
    while (bucket_of(buckets[of_start].start, level) < bucket_of(row.start, level)) ++of_start;
    ++buckets[of_start].rows;
  }
}

void add_longest(const std::vector<TrackRow>& rows, LodLevel& result) {
  const auto ns = [&](std::size_t row) { return rows[row].end - rows[row].start; };
  const auto shorter = [&](std::size_t a, std::size_t b) { return ns(a) != ns(b) ? ns(a) < ns(b) : a > b; };
  std::vector<std::size_t> open;  // a heap, the longest in front
  std::size_t next = 0;
  for (LodBucket& bucket : result.buckets) {
    const std::int64_t number = bucket_of(bucket.start, result.level);
    for (; next < rows.size() && bucket_of(rows[next].start, result.level) <= number; ++next) {
      open.push_back(next);
      std::push_heap(open.begin(), open.end(), shorter);
    }
    while (!open.empty() && last_bucket(rows[open.front()], result.level) < number) {
      std::pop_heap(open.begin(), open.end(), shorter);
      open.pop_back();
    }
    if (!open.empty()) keep_longest(bucket, rows[open.front()].id, ns(open.front()));
  }
}

LodLevel coarser(const LodLevel& fine) {
  LodLevel result;
  result.level = fine.level + 1;
  for (const LodBucket& bucket : fine.buckets) {
    if (result.buckets.empty() ||
        bucket_of(result.buckets.back().start, result.level) != bucket_of(bucket.start, result.level)) {
      result.buckets.push_back(bucket);
      continue;
    }
    LodBucket& into = result.buckets.back();
    into.end = std::max(into.end, bucket.end);
    into.busy_ns += bucket.busy_ns;
    into.rows += bucket.rows;
    keep_longest(into, bucket.longest, bucket.longest_ns);
  }
  return result;
}

}  // namespace

std::vector<LodLevel> levels_of_detail(const std::vector<TrackRow>& rows) {
  std::vector<LodLevel> levels;
  if (rows.empty()) return levels;
  LodLevel& finest = levels.emplace_back();
  finest.level = finest_level(rows);
  add_covered(rows, finest);
  add_longest(rows, finest);
  while (levels.back().buckets.size() > always_allowed && levels.back().level < lod_coarsest_level) {
    levels.push_back(coarser(levels.back()));
  }
  return levels;
}

}  // namespace foldperf::analysis
