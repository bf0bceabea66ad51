#include "trainer/feed/queue_statistics.hpp"

#include <gtest/gtest.h>

namespace foldperf::trainer {
namespace {

DriftStatistics drift(std::int64_t samples, std::int64_t sum, std::int64_t earliest, std::int64_t latest) {
  DriftStatistics statistics;
  statistics.samples = samples;
  statistics.drift_sum = sum;
  statistics.earliest = earliest;
  statistics.latest = latest;
  return statistics;
}

TEST(QueueStatistics, AreDescribedForTheLog) {
  QueueStatistics statistics;
  statistics.all = drift(4000, 0, -1, 23);
  statistics.all.moved_sum = 5600;
  statistics.all.queue_wait_ns = 16'000'000;
  statistics.all.prepare_ns = 48'000'000'000;
  statistics.elapsed_ns = 8'000'000'000;
  statistics.bound = 32;
  statistics.by_class[0] = drift(3800, -570, -1, 2);
  statistics.by_class[3] = drift(200, 570, 0, 23);
  EXPECT_EQ(
      describe(statistics),
      "samples: 4000; waited for each 0.004 ms in the mean, 0.2% of the time; preparation took 12 ms\n"
      "order: 1.4 places from their turn in the mean, at most 1 early and 23 late (bound 32); late by, in the mean "
      "(from, to): class 0 -0.1 (-1 to +2), class 3 +2.9 (0 to +23)");
  const std::string named = describe(statistics, [](std::int64_t cost_class) {
    return std::to_string(256 * cost_class) + " to " + std::to_string(256 * cost_class + 255) + " residues";
  });
  EXPECT_NE(named.find("768 to 1023 residues +2.9 (0 to +23)"), std::string::npos) << named;
}

TEST(QueueStatistics, SayWhatFailedAndThatOrderWasStrict) {
  QueueStatistics statistics;
  statistics.all.samples = 10;
  statistics.all.errors = 2;
  statistics.all.queue_wait_ns = 2'500'000'000;
  statistics.all.prepare_ns = 10'000'000;
  statistics.elapsed_ns = 5'000'000'000;
  EXPECT_EQ(describe(statistics),
            "samples: 10, of which 2 could not be prepared; waited for each 250 ms in the mean, 50% of the time; "
            "preparation took 1 ms\norder: strict");
}

TEST(QueueStatistics, AreDescribedBeforeThereIsASample) {
  QueueStatistics statistics;
  EXPECT_EQ(describe(statistics), "samples: 0\norder: strict");
  statistics.bound = 4;
  EXPECT_EQ(describe(statistics),
            "samples: 0\norder: 0.0 places from their turn in the mean, at most 0 early and 0 late (bound 4)");
}

TEST(QueueStatistics, HaveTheLargerOfBothDrifts) {
  EXPECT_EQ(drift(2, 0, -5, 3).max_drift(), 5);
  EXPECT_EQ(drift(2, 0, -2, 3).max_drift(), 3);
  EXPECT_EQ(drift(4, 2, -2, 3).mean_drift(), 0.5);
  EXPECT_EQ(DriftStatistics{}.mean_drift(), 0);
}

}  // namespace
}  // namespace foldperf::trainer
