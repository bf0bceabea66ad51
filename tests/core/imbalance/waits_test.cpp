#include "core/imbalance/waits.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace foldperf::imbalance {
namespace {

using ::testing::SizeIs;

TEST(Waits, TheLastRankMakesTheOthersWait) {
  const Meetings found = meetings_of({{1, "AllReduce", 5, 0, 2, 100},
                                      {1, "AllReduce", 5, 0, 0, 130},
                                      {1, "AllReduce", 5, 0, 1, 190},
                                      {1, "AllReduce", 6, 0, 0, 200},
                                      {1, "AllReduce", 6, 0, 1, 250}});
  ASSERT_THAT(found.meetings, SizeIs(2));
  const Meeting& first = found.meetings[0];
  ASSERT_THAT(first.arrivals, SizeIs(3));
  EXPECT_EQ(first.last_rank, 1);
  EXPECT_EQ(first.arrivals[0].waited_ns, 60);
  EXPECT_EQ(first.arrivals[1].waited_ns, 0);
  EXPECT_EQ(first.arrivals[2].waited_ns, 90);
  EXPECT_EQ(first.waited_ns, 150);
  EXPECT_FALSE(first.arrivals[0].previous_ns);
  EXPECT_EQ(found.meetings[1].arrivals[0].previous_ns, 130);
  EXPECT_EQ(found.meetings[1].arrivals[1].previous_ns, 190);
  EXPECT_EQ(found.alone, 0);
}

TEST(Waits, RanksMeetOnlyWhereAllOfItAgrees) {
  const Meetings found = meetings_of({{1, "AllReduce", 5, 0, 0, 100},
                                      {2, "AllReduce", 5, 0, 1, 110},
                                      {1, "AllGather", 5, 0, 1, 120},
                                      {1, "AllReduce", 6, 0, 1, 130},
                                      {1, "AllReduce", 5, 1, 1, 140},
                                      {1, "AllReduce", 5, 0, 0, 150}});  // the same rank again
  EXPECT_THAT(found.meetings, SizeIs(0));
  EXPECT_EQ(found.alone, 5);
}

TEST(Waits, OfAnyRunAddUp) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Call> calls;
    std::int64_t expected = 0;
    for (int sequence = 0; sequence < 20; ++sequence) {
      std::vector<std::int64_t> times;
      for (int rank = 0; rank < 8; ++rank) {
        times.push_back(sequence * 1000 + static_cast<std::int64_t>(random() % 900));
        calls.push_back({3, "Broadcast", sequence, 0, rank, times.back()});
      }
      const std::int64_t last = *std::max_element(times.begin(), times.end());
      for (const std::int64_t time : times) expected += last - time;
    }
    std::shuffle(calls.begin(), calls.end(), random);
    const Meetings found = meetings_of(calls);
    ASSERT_THAT(found.meetings, SizeIs(20));
    std::int64_t by_meeting = 0, by_arrival = 0;
    for (const Meeting& meeting : found.meetings) {
      by_meeting += meeting.waited_ns;
      for (const Arrival& arrival : meeting.arrivals) by_arrival += arrival.waited_ns;
    }
    EXPECT_EQ(by_meeting, expected);
    EXPECT_EQ(by_arrival, expected);
  }
}

}  // namespace
}  // namespace foldperf::imbalance
