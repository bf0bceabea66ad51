// Which ticket is claimed and handed out when, with a clock made by the tests.
#include "trainer/feed/ticket_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using Time = TicketOrder::Time;

// One thread that prepares and takes, at times of its own.
class Clocked {
 public:
  explicit Clocked(const QueueOptions& options) : order_(options) {}

  std::int64_t claim() {
    EXPECT_TRUE(order_.has_room());
    return order_.claim(now_);
  }
  std::vector<std::int64_t> claim(int count) {
    std::vector<std::int64_t> tickets;
    for (int i = 0; i < count; ++i) tickets.push_back(claim());
    return tickets;
  }
  void lay_down(std::int64_t ticket, milliseconds took) {
    order_.lay_down(ticket, std::chrono::nanoseconds(took).count(), false);
  }
  // The consumer's step before it takes `step`.
  std::int64_t take(milliseconds step) {
    now_ += step;
    order_.begin_waiting(now_);
    EXPECT_TRUE(order_.may_hand_out());
    return order_.hand_out(now_);
  }
  void pass(milliseconds time) { now_ += time; }

  // Three samples of cost 1, which take 4 ms each, with steps of 10 ms.
  void learn() {
    for (const std::int64_t ticket : {0, 1, 2}) {
      EXPECT_EQ(claim(), ticket);
      lay_down(ticket, milliseconds(4));
      EXPECT_EQ(take(milliseconds(10)), ticket);
    }
  }

 private:
  TicketOrder order_;
  Time now_;
};

// All samples cost 1 but those that are named, which cost 50: 200 ms.
QueueOptions with_costly(std::set<std::int64_t> costly, std::int64_t capacity = 8, std::int64_t max_drift = 1000) {
  QueueOptions options;
  options.capacity = capacity;
  options.max_drift = max_drift;
  options.expected_cost = [costly = std::move(costly)](std::int64_t ticket) {
    return costly.count(ticket) != 0 ? 50.0 : 1.0;
  };
  return options;
}

TEST(TicketOrder, ClaimsInOrderWithoutCosts) {
  QueueOptions options = with_costly({3, 4});
  options.expected_cost = nullptr;
  Clocked queue(options);
  queue.learn();
  EXPECT_THAT(queue.claim(4), ElementsAre(3, 4, 5, 6));
}

TEST(TicketOrder, ClaimsInOrderBeforeAnythingIsKnown) {
  Clocked queue(with_costly({0, 1, 2}));
  EXPECT_THAT(queue.claim(4), ElementsAre(0, 1, 2, 3));
}

TEST(TicketOrder, ClaimsInOrderWhereOrderIsStrict) {
  QueueOptions options = with_costly({3, 4});
  options.order = Order::strict;
  Clocked queue(options);
  queue.learn();
  EXPECT_THAT(queue.claim(4), ElementsAre(3, 4, 5, 6));
}

TEST(TicketOrder, LeavesAWorkerToQuickSamples) {
  Clocked queue(with_costly({3, 4, 6}));
  queue.learn();
  EXPECT_EQ(queue.claim(), 5);  // the first quick one
  EXPECT_EQ(queue.claim(), 3);  // now that a quick one is in preparation
  queue.lay_down(5, milliseconds(4));
  EXPECT_EQ(queue.claim(), 7);
  EXPECT_EQ(queue.claim(), 4);
  EXPECT_EQ(queue.claim(), 6);
}

TEST(TicketOrder, LongIsWhatOutlastsTheSamplesThatAreReady) {
  Clocked queue(with_costly({13}, 64));
  queue.learn();
  for (std::int64_t ticket = 3; ticket < 13; ++ticket) {
    EXPECT_EQ(queue.claim(), ticket);
    queue.lay_down(ticket, milliseconds(4));
  }
  // Ten are ready, and a step goes on: 110 ms. Sample 13 takes 200 ms.
  EXPECT_EQ(queue.claim(), 14);
  queue.lay_down(14, milliseconds(4));
  for (std::int64_t ticket = 15; ticket < 24; ++ticket) {
    EXPECT_EQ(queue.claim(), ticket);
    queue.lay_down(ticket, milliseconds(4));
  }
  EXPECT_EQ(queue.claim(), 13);  // 20 are ready: 210 ms
}

TEST(TicketOrder, AQuickSampleThatOverrunsIsOneNoMore) {
  Clocked queue(with_costly({4}));
  queue.learn();
  EXPECT_EQ(queue.claim(), 3);
  queue.pass(milliseconds(500));  // for a quick sample of 4 ms
  EXPECT_EQ(queue.claim(), 5);
  EXPECT_EQ(queue.claim(), 4);
}

TEST(TicketOrder, ALongSampleNearItsEndIsAQuickOne) {
  Clocked queue(with_costly({3, 5}));
  queue.learn();
  EXPECT_EQ(queue.claim(), 4);
  EXPECT_EQ(queue.claim(), 3);
  queue.lay_down(4, milliseconds(4));
  EXPECT_EQ(queue.take(milliseconds(10)), 4);
  queue.pass(milliseconds(185));  // of 200
  EXPECT_EQ(queue.claim(), 5);
}

TEST(TicketOrder, ClaimsAheadLeaveRoomForTheTicketsBefore) {
  Clocked queue(with_costly({3, 5}, 4));
  queue.learn();
  for (const std::int64_t ticket : {4, 6}) {
    EXPECT_EQ(queue.claim(), ticket);
    queue.lay_down(ticket, milliseconds(4));
  }
  // 7 would leave no room for one of 3 and 5.
  EXPECT_EQ(queue.claim(), 3);
  EXPECT_EQ(queue.claim(), 5);
}

TEST(TicketOrder, ALongSampleStartsInTimeForTheBound) {
  Clocked queue(with_costly({3}, 8, 30));
  queue.learn();
  // 20 steps: with bound 30 it must start before 10 have overtaken it.
  std::vector<std::int64_t> overtaking;
  for (std::int64_t ticket = queue.claim(); ticket != 3 && overtaking.size() < 100; ticket = queue.claim()) {
    overtaking.push_back(ticket);
    queue.lay_down(ticket, milliseconds(4));
    queue.take(milliseconds(10));
  }
  EXPECT_GE(overtaking.size(), 8U);
  EXPECT_LE(overtaking.size(), 10U);
  Clocked at_once(with_costly({3}, 8, 20));
  at_once.learn();
  EXPECT_EQ(at_once.claim(), 3);
}

TEST(TicketOrder, AnotherLongSampleMayHaveToStartFirst) {
  QueueOptions options = with_costly({3}, 8, 60);
  options.expected_cost = [costs = options.expected_cost](std::int64_t ticket) {
    return ticket == 5 ? 160 : costs(ticket);  // 640 ms, and it must be there within 62 steps of 10 ms
  };
  Clocked queue(options);
  queue.learn();
  EXPECT_EQ(queue.claim(), 4);
  queue.lay_down(4, milliseconds(4));
  EXPECT_EQ(queue.claim(), 5);
}

TEST(TicketOrder, KnowsNoTicketsBehindTheLast) {
  QueueOptions options = with_costly({3, 4});
  options.tickets = 5;
  Clocked queue(options);
  queue.learn();
  EXPECT_THAT(queue.claim(2), ElementsAre(3, 4));
}

// Hundreds of queues with workers, steps, costs and bounds at random, gone on with in the middle: whatever is expected
// of samples, each is handed out once, within the bound, and the consumer never waits for what nobody prepares.
class RandomQueue {
 public:
  explicit RandomQueue(std::uint32_t number) : random_({5, 0, number}, Purpose::crop) {
    options_.order = random_.integer(0, 9) == 0 ? Order::strict : Order::ready_first;
    options_.capacity = random_.integer(1, 12);
    options_.max_drift = random_.integer(0, 14);
    options_.tickets = random_.integer(1, 80);
    workers_ = random_.integer(1, 5);
    const std::int64_t kind = random_.integer(0, 3);
    for (std::int64_t ticket = 0; ticket < *options_.tickets; ++ticket) {
      const std::int64_t times = random_.integer(0, 5) == 0 ? 40 : 1;
      took_.push_back(milliseconds(random_.integer(0, 10) * times));
      expected_.push_back(static_cast<double>(kind == 2 ? random_.integer(1, 40) : times));
      if (kind == 3 && random_.integer(0, 3) == 0) expected_.back() = std::numeric_limits<double>::quiet_NaN();
    }
    if (kind > 0) {
      options_.expected_cost = [this](std::int64_t ticket) { return expected_.at(static_cast<std::size_t>(ticket)); };
    }
  }

  void run() {
    while (static_cast<std::int64_t>(places_.size()) < *options_.tickets) {
      TicketOrder order(options_);
      const std::int64_t stop_after = random_.integer(1, *options_.tickets);
      for (std::int64_t i = 0; i < stop_after && !order.is_all_handed_out(); ++i) {
        if (!take_one(order)) return;
      }
      options_.done = order.progress();
      ends_.clear();
    }
    const std::int64_t bound = options_.order == Order::strict ? 0 : options_.max_drift;
    for (const auto& [ticket, place] : places_) EXPECT_LE(std::abs(place - ticket), bound);
    EXPECT_EQ(options_.done.next_turn, *options_.tickets);
    EXPECT_TRUE(options_.done.ahead.empty());
  }

 private:
  void claim_all(TicketOrder& order) {
    while (static_cast<std::int64_t>(ends_.size()) < workers_ && order.has_room() && !order.is_all_claimed()) {
      const std::int64_t ticket = order.claim(now_);
      EXPECT_LT(ticket, *options_.tickets);
      EXPECT_EQ(places_.count(ticket), 0U);
      ends_.emplace(now_ + took_[static_cast<std::size_t>(ticket)], ticket);
      EXPECT_LE(order.ready() + order.preparing(), options_.capacity);
    }
  }

  void finish_first(TicketOrder& order) {
    const auto [end, ticket] = *ends_.begin();
    ends_.erase(ends_.begin());
    now_ = std::max(now_, end);
    order.lay_down(ticket, std::chrono::nanoseconds(took_[static_cast<std::size_t>(ticket)]).count(), ticket % 7 == 0);
    claim_all(order);
  }

  bool take_one(TicketOrder& order) {
    claim_all(order);
    const Time step_ends = now_ + milliseconds(random_.integer(0, 10));
    while (!ends_.empty() && ends_.begin()->first <= step_ends) finish_first(order);
    now_ = step_ends;
    order.begin_waiting(now_);
    while (!order.may_hand_out()) {
      if (ends_.empty()) {
        ADD_FAILURE() << "nobody prepares what is waited for";
        return false;
      }
      finish_first(order);
    }
    const std::int64_t place = order.place();
    const std::int64_t ticket = order.hand_out(now_);
    EXPECT_EQ(place, static_cast<std::int64_t>(places_.size()));
    EXPECT_TRUE(places_.emplace(ticket, place).second) << "ticket " << ticket << " comes twice";
    return true;
  }

  RandomStream random_;
  QueueOptions options_;
  std::int64_t workers_ = 1;
  std::vector<milliseconds> took_;
  std::vector<double> expected_;
  std::multimap<Time, std::int64_t> ends_;  // of preparations
  std::map<std::int64_t, std::int64_t> places_;
  Time now_;
};

TEST(TicketOrder, HandsOutEachTicketOnceWithinTheBound) {
  for (std::uint32_t number = 0; number < 2000 && !::testing::Test::HasFailure(); ++number) {
    SCOPED_TRACE("queue " + std::to_string(number));
    RandomQueue(number).run();
  }
}

}  // namespace
}  // namespace foldperf::trainer
