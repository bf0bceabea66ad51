#include "core/analysis/launch_stacks.hpp"

#include <gtest/gtest.h>

#include "core/analysis/rank_launches.hpp"

namespace foldperf::analysis {
namespace {

constexpr std::int64_t never = INT64_MAX;

TEST(LaunchStacks, ALaunchBelongsToAllRangesThatAreOpen) {
  StackNumbers numbers({}, 5);
  const std::vector<OpenRange> ranges{{0, 100, 1, 0, 0}, {10, 20, 2, 0, 4}, {30, 40, 2, 0, 4}, {30, 35, 3, 0, 0}};
  const auto stacks = stacks_of_launches(ranges, {-1, 5, 10, 19, 20, 31, 35, 40, 99, 100}, numbers);
  // 5: range 1; 6: 1/2; 7: 1/2/3. The same ranges again have the same number.
  EXPECT_EQ(stacks, (std::vector<std::int64_t>{0, 5, 6, 6, 5, 7, 6, 5, 5, 0}));
  ASSERT_EQ(numbers.added().size(), 3U);
  EXPECT_EQ(numbers.added()[2].parent, 6);
  EXPECT_EQ(numbers.added()[2].text_id, 3);
  EXPECT_EQ(numbers.added()[1].category, 4);
  EXPECT_EQ(numbers.next_id(), 8);
}

TEST(LaunchStacks, RangesOfTwoDomainsNeedNotNest) {
  StackNumbers numbers({}, 1);
  const std::vector<OpenRange> ranges{{0, 20, 1, 0, 0}, {10, 30, 2, 1, 0}};
  const auto stacks = stacks_of_launches(ranges, {5, 15, 25, 35}, numbers);
  EXPECT_EQ(stacks, (std::vector<std::int64_t>{1, 2, 3, 0}));
  EXPECT_EQ(numbers.added()[2].parent, 0);  // 2 alone
}

TEST(LaunchStacks, KnownStacksKeepTheirNumbers) {
  StackNumbers numbers({{3, 0, 1, 0, 0}, {4, 3, 2, 0, 0}}, 9);
  const auto stacks = stacks_of_launches({{0, never, 1, 0, 0}, {1, 5, 2, 0, 0}, {6, 7, 8, 0, 0}}, {2, 6}, numbers);
  EXPECT_EQ(stacks, (std::vector<std::int64_t>{4, 9}));
}

TEST(LaunchStacks, RangesBeyondTheDeepestCountForNothing) {
  StackNumbers numbers({}, 1);
  std::vector<OpenRange> ranges;
  for (std::int64_t i = 0; i < 1000; ++i) ranges.push_back({i, never, i + 1, 0, 0});
  EXPECT_EQ(stacks_of_launches(ranges, {2000}, numbers), (std::vector<std::int64_t>{deepest_stack}));
}

TEST(LaunchStacks, KernelsFindTheirLaunchInAnyOrder) {
  RankLaunches launches;
  launches.add(30, 300, 1);
  launches.add(10, 100, 2);
  launches.add(20, 200, 1);
  std::map<std::int64_t, std::vector<OpenRange>> ranges{{1, {{250, 400, 7, 0, 0}, {150, 400, 6, 0, 0}}}};
  StackNumbers numbers({}, 1);
  launches.find_stacks(ranges, numbers);
  for (const std::int64_t correlation : {30, 10, 20, 20, 30}) {
    ASSERT_NE(launches.find(correlation), nullptr);
    EXPECT_EQ(launches.find(correlation)->start, correlation * 10);
  }
  EXPECT_EQ(launches.find(10)->stack, 0);  // of another thread
  EXPECT_EQ(launches.find(20)->stack, 1);
  EXPECT_EQ(launches.find(30)->stack, 2);
  EXPECT_EQ(launches.find(15), nullptr);
  EXPECT_EQ(launches.find(99), nullptr);
}

}  // namespace
}  // namespace foldperf::analysis
