#include "core/analysis/timeline_lod.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace foldperf::analysis {
namespace {

std::int64_t union_ns(const std::vector<TrackRow>& rows) {
  std::int64_t sum = 0, covered = INT64_MIN;
  for (const TrackRow& row : rows) {
    sum += std::max(std::int64_t{0}, row.end - std::max(row.start, covered));
    covered = std::max(covered, row.end);
  }
  return sum;
}

TEST(TimelineLod, FewRowsHaveOneLevel) {
  EXPECT_TRUE(levels_of_detail({}).empty());
  // Buckets of 1024 ns: 0 and 2.
  const auto levels = levels_of_detail({{10, 20, 7}, {15, 100, 8}, {2100, 2100, 9}});
  ASSERT_EQ(levels.size(), 1U);
  EXPECT_EQ(levels[0].level, 5);
  ASSERT_EQ(levels[0].buckets.size(), 2U);
  const LodBucket& first = levels[0].buckets[0];
  EXPECT_EQ(first.start, 10);
  EXPECT_EQ(first.end, 100);
  EXPECT_EQ(first.busy_ns, 90);
  EXPECT_EQ(first.rows, 2);
  EXPECT_EQ(first.longest, 8);
  EXPECT_EQ(first.longest_ns, 85);
  const LodBucket& second = levels[0].buckets[1];
  EXPECT_EQ(second.start, 2100);
  EXPECT_EQ(second.busy_ns, 0);
  EXPECT_EQ(second.rows, 1);
  EXPECT_EQ(second.longest, 9);
}

TEST(TimelineLod, ALongRowIsInEachBucketThatItTouches) {
  // A row from -1024 to 4096 (buckets -1 to 3), with a short one in it and one behind its end in the last bucket.
  const auto levels = levels_of_detail({{-1024, 3500, 1}, {0, 1000, 2}, {3400, 3600, 3}});
  ASSERT_EQ(levels.size(), 1U);
  const auto& buckets = levels[0].buckets;
  ASSERT_EQ(buckets.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(buckets[i].busy_ns, 1024);
    EXPECT_EQ(buckets[i].longest, 1);
  }
  EXPECT_EQ(buckets[0].start, -1024);
  EXPECT_EQ(buckets[4].start, 3072);
  EXPECT_EQ(buckets[4].end, 3600);
  EXPECT_EQ(buckets[4].busy_ns, 528);
  EXPECT_EQ(buckets[0].rows, 1);
  EXPECT_EQ(buckets[1].rows, 1);
  EXPECT_EQ(buckets[4].rows, 1);
  EXPECT_EQ(buckets[2].rows, 0);
}

TEST(TimelineLod, EachLevelHoldsAllRows) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<TrackRow> rows;
    const int count = 1 + static_cast<int>(random() % 3000);
    std::int64_t time = -static_cast<std::int64_t>(random() % 1'000'000);
    for (int i = 0; i < count; ++i) {
      time += static_cast<std::int64_t>(random() % (random() % 20 == 0 ? 10'000'000 : 3000));
      const auto ns = static_cast<std::int64_t>(random() % (random() % 30 == 0 ? 1'000'000 : 4000));
      rows.push_back({time, time + ns, i});
    }
    const std::int64_t busy = union_ns(rows);
    const auto levels = levels_of_detail(rows);
    ASSERT_FALSE(levels.empty());
    EXPECT_LE(levels.front().buckets.size(), std::max<std::size_t>(16, rows.size() / 16));
    EXPECT_LE(levels.back().buckets.size(), 16U);
    for (const LodLevel& level : levels) {
      const std::int64_t width = lod_bucket_ns(level.level);
      std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> longest;  // of each bucket: ns, id
      for (const TrackRow& row : rows) {
        const std::int64_t last = std::max(row.start, row.end - 1) >> (2 * level.level);
        for (std::int64_t number = row.start >> (2 * level.level); number <= last; ++number) {
          const auto [found, is_new] = longest.try_emplace(number, row.end - row.start, row.id);
          if (!is_new && row.end - row.start > found->second.first) found->second = {row.end - row.start, row.id};
        }
      }
      ASSERT_EQ(level.buckets.size(), longest.size());
      std::int64_t sum = 0, count_of_rows = 0;
      auto wanted = longest.begin();
      for (const LodBucket& bucket : level.buckets) {
        sum += bucket.busy_ns;
        count_of_rows += bucket.rows;
        EXPECT_EQ(bucket.start >> (2 * level.level), wanted->first);
        EXPECT_LE(bucket.end, (wanted->first + 1) * width);
        EXPECT_LE(bucket.busy_ns, bucket.end - bucket.start);
        EXPECT_EQ(bucket.longest_ns, wanted->second.first);
        ++wanted;
      }
      EXPECT_EQ(sum, busy) << "level " << level.level;
      EXPECT_EQ(count_of_rows, count);
    }
  }
}

// Rows that all overlap would touch each bucket a hundred thousand times.
TEST(TimelineLod, RowsThatAllOverlapCostNoMore) {
  std::vector<TrackRow> rows;
  for (int i = 0; i < 100'000; ++i) rows.push_back({i * 5000LL, 1'000'000'000, i});
  const auto levels = levels_of_detail(rows);
  for (const LodBucket& bucket : levels.front().buckets) EXPECT_EQ(bucket.longest, 0);
  EXPECT_EQ(levels.front().buckets.back().end, 1'000'000'000);
}

}  // namespace
}  // namespace foldperf::analysis
