#include "core/analysis/nesting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "core/analysis/ranges.hpp"
#include "core/database/reader.hpp"
#include "core/records/records.hpp"

namespace foldperf::analysis {
namespace {

struct Interval {
  std::int64_t start;
  std::int64_t end;
};

void sort_as_ranges(std::vector<Interval>& intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) {
    return a.start != b.start ? a.start < b.start : a.end > b.end;
  });
}

std::map<std::uint64_t, std::int64_t> self_times(const std::vector<Interval>& intervals) {
  std::map<std::uint64_t, std::int64_t> self;
  std::int64_t last_to = std::numeric_limits<std::int64_t>::min();
  OwnerSweep sweep([&](std::uint64_t id, std::int64_t from, std::int64_t to) {
    EXPECT_LT(from, to);
    EXPECT_GE(from, last_to) << "segments come in order and do not overlap";
    last_to = to;
    self[id] += to - from;
  });
  for (std::size_t i = 0; i < intervals.size(); ++i) sweep.begin(i, intervals[i].start, intervals[i].end);
  sweep.finish();
  return self;
}

TEST(OwnerSweep, NestedRangesHaveTheUsualSelfTime) {
  // a [0, 100) holds b [10, 40) holds c [20, 30), and d [50, 60).
  const auto self = self_times({{0, 100}, {10, 40}, {20, 30}, {50, 60}});
  EXPECT_EQ(self.at(0), 60);
  EXPECT_EQ(self.at(1), 20);
  EXPECT_EQ(self.at(2), 10);
  EXPECT_EQ(self.at(3), 10);
}

TEST(OwnerSweep, OverlappingRangesOwnEachMomentOnce) {
  // a [0, 10), b [5, 7), c [6, 12): the one that started last owns the moment.
  const auto self = self_times({{0, 10}, {5, 7}, {6, 12}});
  EXPECT_EQ(self.at(0), 5);
  EXPECT_EQ(self.at(1), 1);
  EXPECT_EQ(self.at(2), 6);
}

TEST(OwnerSweep, EmptyRangesAndGapsOwnNothing) {
  const auto self = self_times({{0, 10}, {5, 5}, {20, 30}});
  EXPECT_EQ(self.at(0), 10);
  EXPECT_EQ(self.count(1), 0U);
  EXPECT_EQ(self.at(2), 10);
}

TEST(OwnerSweep, DepthSeesOnlyOpenRanges) {
  OwnerSweep sweep([](std::uint64_t, std::int64_t, std::int64_t) {});
  sweep.begin(1, 0, 100);
  sweep.begin(2, 10, 20);
  EXPECT_EQ(sweep.depth(), 2U);
  sweep.advance(50);
  ASSERT_EQ(sweep.depth(), 1U);
  EXPECT_EQ(sweep.id_at(0), 1U);
}

TEST(UnionLength, RecursionCountsOnce) {
  UnionLength length;
  EXPECT_EQ(length.add(0, 100), 100);
  EXPECT_EQ(length.add(10, 50), 0);
  EXPECT_EQ(length.add(90, 120), 20);
  EXPECT_EQ(length.add(200, 210), 10);
}

// Brute force over every unit of time.
std::map<std::uint64_t, std::int64_t> slow_self_times(const std::vector<Interval>& intervals, std::int64_t length) {
  std::map<std::uint64_t, std::int64_t> self;
  for (std::int64_t t = 0; t < length; ++t) {
    std::optional<std::uint64_t> owner;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      if (intervals[i].start <= t && t < intervals[i].end) owner = i;
    }
    if (owner) ++self[*owner];
  }
  return self;
}

TEST(OwnerSweep, RandomRangesSumToTheTimeTheyCover) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<Interval> intervals(random() % 30);
    for (Interval& i : intervals) {
      i.start = static_cast<std::int64_t>(random() % 200);
      i.end = i.start + static_cast<std::int64_t>(random() % 60);
    }
    sort_as_ranges(intervals);
    EXPECT_EQ(self_times(intervals), slow_self_times(intervals, 300)) << "round " << round;
  }
}

// Ranges that nest, as push and pop make them.
void nest(std::mt19937& random, std::int64_t from, std::int64_t to, int depth, std::vector<Interval>& out) {
  out.push_back({from, to});
  std::int64_t at = from;
  while (depth > 0 && to - at > 4) {
    at += static_cast<std::int64_t>(random() % static_cast<unsigned>(to - at));
    const std::int64_t end = at + 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(to - at));
    nest(random, at, std::min(end, to), depth - 1, out);
    at = end;
  }
}

TEST(OwnerSweep, SelfTimesOfNestedRangesSumToTheOutermost) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<Interval> intervals;
    nest(random, 0, 1000, 6, intervals);
    sort_as_ranges(intervals);
    std::int64_t sum = 0;
    for (const auto& [id, self] : self_times(intervals)) sum += self;
    EXPECT_EQ(sum, 1000) << "round " << round;
  }
}

TEST(RangeSetBuilder, SortsAndClosesWhatIsOpen) {
  RangeSetBuilder builder;
  builder.add(0, 1, "inner", RangeClass::other, 10, 20);
  builder.add(0, 1, "outer", RangeClass::other, 10, std::nullopt);
  builder.add(1, 1, "late", RangeClass::other, 500, 400);  // damaged: ends before it starts
  builder.add(0, 2, "other thread", RangeClass::other, 0, 90);
  const RangeSet set = builder.finish({{{1, 0}, 700}});
  ASSERT_EQ(set.ranges.size(), 4U);
  EXPECT_EQ(set.names[set.ranges[0].name], "outer");
  EXPECT_EQ(set.ranges[0].end, 90) << "rank 0 was last seen at 90";
  EXPECT_FALSE(set.ranges[0].closed);
  EXPECT_EQ(set.names[set.ranges[1].name], "inner");
  EXPECT_EQ(set.ranges[2].end, 500);
  EXPECT_EQ(set.unclosed, 1U);
  EXPECT_EQ(set.threads.size(), 3U);
}

TEST(RangeSetBuilder, EveryProcessOfARankHasItsOwnEnd) {
  RangeSetBuilder builder;
  builder.add(0, records::global_tid(100, 1), "early", RangeClass::other, 10, std::nullopt);
  builder.add(0, records::global_tid(200, 1), "late", RangeClass::other, 20, std::nullopt);
  builder.add(0, records::global_tid(300, 1), "unknown", RangeClass::other, 30, std::nullopt);
  const RangeSet set = builder.finish({{{0, 100}, 50}, {{0, 200}, 900}});
  ASSERT_EQ(set.ranges.size(), 3U);
  EXPECT_EQ(set.ranges[0].end, 50);
  EXPECT_EQ(set.ranges[1].end, 900);
  EXPECT_EQ(set.ranges[2].end, 30) << "another process' end says nothing";
}

TEST(RangeSetBuilder, TimesAreBounded) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  RangeSetBuilder builder;
  builder.add(0, 1, "all time", RangeClass::step, least, most, most);
  builder.add(0, 1, "open", RangeClass::step, 5, std::nullopt, no_payload);
  const RangeSet set = builder.finish({{{0, 0}, most}});
  EXPECT_EQ(set.ranges[0].end - set.ranges[0].start, 2 * database::time_limit_ns);
  EXPECT_EQ(set.ranges[0].payload, database::time_limit_ns);
  EXPECT_EQ(set.ranges[1].end, database::time_limit_ns);
  EXPECT_EQ(set.ranges[1].payload, no_payload);
}

}  // namespace
}  // namespace foldperf::analysis
