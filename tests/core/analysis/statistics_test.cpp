#include "core/analysis/statistics.hpp"

#include <gtest/gtest.h>

namespace foldperf::analysis {
namespace {

TEST(Statistics, EmptySampleIsAllZero) {
  const Summary s = summarize({});
  EXPECT_EQ(s.count, 0U);
  EXPECT_EQ(s.mean, 0);
  EXPECT_EQ(s.p90, 0);
}

TEST(Statistics, OneValueIsEveryPercentile) {
  const Summary s = summarize({7});
  EXPECT_EQ(s.count, 1U);
  EXPECT_DOUBLE_EQ(s.p10, 7);
  EXPECT_DOUBLE_EQ(s.median, 7);
  EXPECT_DOUBLE_EQ(s.p90, 7);
}

TEST(Statistics, InterpolatesBetweenNeighbours) {
  // 0, 10, ..., 100: position of p10 is 1, of the median 5, of p90 9.
  const Summary s = summarize({100, 0, 50, 10, 20, 90, 30, 70, 40, 60, 80});
  EXPECT_DOUBLE_EQ(s.p10, 10);
  EXPECT_DOUBLE_EQ(s.median, 50);
  EXPECT_DOUBLE_EQ(s.p90, 90);
  EXPECT_DOUBLE_EQ(s.mean, 50);
  EXPECT_DOUBLE_EQ(s.sum, 550);
  // Between ranks: of 1, 2, 3, 4 the median is 2.5 and p10 is 1 + 0.3.
  const Summary even = summarize({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(even.median, 2.5);
  EXPECT_DOUBLE_EQ(even.p10, 1.3);
  EXPECT_DOUBLE_EQ(even.p90, 3.7);
}

}  // namespace
}  // namespace foldperf::analysis
