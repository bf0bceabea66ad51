#include "core/imbalance/causes.hpp"

#include <gtest/gtest.h>

namespace foldperf::imbalance {
namespace {

constexpr std::int64_t ms = 1'000'000;

// Rank 1 comes 100 ms after the others, who waited; all met 200 to 300 ms before.
Meeting late_meeting(int ranks) {
  Meeting meeting;
  meeting.last_rank = 1;
  for (int rank = 0; rank < ranks; ++rank) {
    const bool late = rank == 1;
    meeting.arrivals.push_back({rank, late ? 1300 * ms : 1200 * ms, late ? 0 : 100 * ms, 1000 * ms});
  }
  return meeting;
}

std::map<int, RankTime> quiet_ranks(int ranks) {
  std::map<int, RankTime> times;
  for (int rank = 0; rank < ranks; ++rank) {
    RankTime& time = times[rank];
    time.data_waits = {{1000 * ms, 1010 * ms}};
    for (int at = 900; at < 1500; at += 100) time.others_on_cores.push_back({at * ms, 0.05});
    time.gpu_clock_mhz = {{500 * ms, 1980}, {1500 * ms, 1980}};
    time.steps = {{900 * ms, 2000 * ms}};
    time.step_work_ns = {150 * ms};
  }
  return times;
}

class Causes : public ::testing::TestWithParam<int> {};

TEST_P(Causes, NothingThatSpeaksForOneIsUnknown) {
  EXPECT_EQ(cause_of(late_meeting(GetParam()), quiet_ranks(GetParam())).cause, Cause::unknown);
}

TEST_P(Causes, ALoaderThatWasWaitedFor) {
  auto ranks = quiet_ranks(GetParam());
  ranks[1].data_waits = {{1000 * ms, 1105 * ms}};
  const Finding finding = cause_of(late_meeting(GetParam()), ranks);
  EXPECT_EQ(finding.cause, Cause::loader);
  EXPECT_DOUBLE_EQ(finding.evidence, 95.0 * ms);
}

TEST_P(Causes, ALoaderThatAllWaitedForIsNoReason) {
  auto ranks = quiet_ranks(GetParam());
  for (auto& [rank, time] : ranks) time.data_waits = {{1000 * ms, 1105 * ms}};
  EXPECT_EQ(cause_of(late_meeting(GetParam()), ranks).cause, Cause::unknown);
}

TEST_P(Causes, ACollectionOfGarbage) {
  auto ranks = quiet_ranks(GetParam());
  ranks[1].collections = {{900 * ms, 950 * ms}, {1100 * ms, 1180 * ms}};  // the first before the last meeting
  const Finding finding = cause_of(late_meeting(GetParam()), ranks);
  EXPECT_EQ(finding.cause, Cause::garbage_collection);
  EXPECT_DOUBLE_EQ(finding.evidence, 80.0 * ms);
}

TEST_P(Causes, ABusyNeighbour) {
  auto ranks = quiet_ranks(GetParam());
  for (Sample& sample : ranks[1].others_on_cores) sample.value = 0.55;
  const Finding finding = cause_of(late_meeting(GetParam()), ranks);
  EXPECT_EQ(finding.cause, Cause::busy_neighbour);
  EXPECT_NEAR(finding.evidence, 0.5, 1e-9);
}

TEST_P(Causes, MoreWork) {
  auto ranks = quiet_ranks(GetParam());
  ranks[1].step_work_ns = {240 * ms};
  const Finding finding = cause_of(late_meeting(GetParam()), ranks);
  EXPECT_EQ(finding.cause, Cause::more_work);
  EXPECT_DOUBLE_EQ(finding.evidence, 90.0 * ms);
}

TEST_P(Causes, ASlowClockIsNotMoreWork) {
  auto ranks = quiet_ranks(GetParam());
  ranks[1].step_work_ns = {240 * ms};
  for (Sample& sample : ranks[1].gpu_clock_mhz) sample.value = 1188;
  const Finding finding = cause_of(late_meeting(GetParam()), ranks);
  EXPECT_EQ(finding.cause, Cause::gpu_clock);
  EXPECT_NEAR(finding.evidence, 0.6, 1e-9);
}

TEST_P(Causes, WithoutAnythingRecordedIsUnknown) {
  EXPECT_EQ(cause_of(late_meeting(GetParam()), {}).cause, Cause::unknown);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Causes, ::testing::Values(2, 8));

}  // namespace
}  // namespace foldperf::imbalance
