#include "core/analysis/kernel_summary.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace foldperf::analysis {
namespace {

TEST(KernelSummary, AddsUpByStepStackAndName) {
  KernelSummary summary;
  summary.add({1, 2, 3}, 10);
  summary.add({std::nullopt, 2, 3}, 5);
  summary.add({1, 2, 3}, 30);
  summary.add({1, 2, 4}, 7);
  EXPECT_TRUE(summary.take_past_steps().empty());
  const auto sums = summary.take_all();
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_FALSE(sums[0].group.step.has_value());
  EXPECT_EQ(sums[1].calls, 2);
  EXPECT_EQ(sums[1].total_ns, 40);
  EXPECT_EQ(sums[1].min_ns, 10);
  EXPECT_EQ(sums[1].max_ns, 30);
  EXPECT_EQ(sums[2].group.name, 4);
  EXPECT_TRUE(summary.take_all().empty());
}

TEST(KernelSummary, StepsThatArePastAreTakenOutAndNothingIsLost) {
  KernelSummary summary(10);
  std::mt19937 random(3);
  std::map<KernelGroup, std::int64_t> wanted, got;
  std::size_t taken_early = 0;
  for (std::int64_t i = 0; i < 5000; ++i) {
    KernelGroup group;
    if (random() % 10 != 0) group.step = i / 50 - (random() % 20 == 0 ? 7 : 0);  // some come late
    group.stack = static_cast<std::int64_t>(random() % 3);
    group.name = static_cast<std::int64_t>(random() % 4);
    wanted[group] += i;
    summary.add(group, i);
    for (const KernelSum& sum : summary.take_past_steps()) {
      EXPECT_TRUE(sum.group.step.has_value());
      got[sum.group] += sum.total_ns;
      ++taken_early;
    }
  }
  EXPECT_GT(taken_early, 500U);
  for (const KernelSum& sum : summary.take_all()) got[sum.group] += sum.total_ns;
  EXPECT_EQ(got, wanted);
}

}  // namespace
}  // namespace foldperf::analysis
