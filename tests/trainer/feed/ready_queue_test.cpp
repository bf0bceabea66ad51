#include "trainer/feed/ready_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

#include "core/error.hpp"
#include "trainer/feed/chain_cache.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/feed/worker_pool.hpp"

namespace foldperf::trainer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Sample = std::unique_ptr<std::int64_t>;  // samples need only be movable
using Queue = ReadyQueue<Sample>;

QueueOptions options_of(Order order, std::int64_t tickets, std::int64_t capacity = 16, std::int64_t max_drift = 8) {
  QueueOptions options;
  options.order = order;
  options.tickets = tickets;
  options.capacity = capacity;
  options.max_drift = max_drift;
  return options;
}

WorkerOptions workers(std::int64_t number) {
  WorkerOptions options;
  options.number = number;
  return options;
}

bool is_slow(std::int64_t ticket) {
  return RandomStream({1, 0, static_cast<std::uint32_t>(ticket)}, Purpose::crop).uniform() < 0.05F;
}

// 1,000 samples of mixed cost through queue, pool and cache; every 97th cannot be prepared.
void run_mixed_samples(Order order, std::int64_t worker_count, std::int64_t max_drift, bool costs_known = false) {
  constexpr std::int64_t count = 1000;
  QueueOptions options = options_of(order, count, 16, max_drift);
  options.cost_class = [](std::int64_t ticket) { return is_slow(ticket) ? 1 : 0; };
  if (costs_known) options.expected_cost = [](std::int64_t ticket) { return is_slow(ticket) ? 8 : 1; };
  const auto queue = std::make_shared<Queue>(options);
  const auto cache = std::make_shared<ChainCache<std::int64_t, std::int64_t>>(20 * sizeof(std::int64_t));
  WorkerPool pool(workers(worker_count), queue, [cache](std::int64_t ticket) {
    const auto chain = cache->get(ticket % 40, [&] {
      return ChainCache<std::int64_t, std::int64_t>::Loaded{std::make_shared<const std::int64_t>(ticket % 40),
                                                            sizeof(std::int64_t)};
    });
    RandomStream stream({2, 0, static_cast<std::uint32_t>(ticket)}, Purpose::crop);
    std::this_thread::sleep_for(microseconds(is_slow(ticket) ? 8000 : stream.integer(0, 2000)));
    if (ticket % 97 == 0) throw Error("no sample " + std::to_string(ticket));
    return std::make_unique<std::int64_t>(*chain * 1000 + ticket);
  });

  std::vector<std::int64_t> tickets;
  std::int64_t largest_drift = 0, errors = 0;
  while (auto sample = queue->next()) {
    EXPECT_EQ(sample->place, static_cast<std::int64_t>(tickets.size()));
    EXPECT_EQ(sample->cost_class, is_slow(sample->ticket) ? 1 : 0);
    EXPECT_GE(sample->queue_wait_ns, 0);
    tickets.push_back(sample->ticket);
    largest_drift = std::max(largest_drift, std::abs(sample->drift()));
    if (sample->ticket % 97 == 0) {
      ++errors;
      EXPECT_THROW((void)sample->take(), Error);
    } else {
      EXPECT_EQ(*sample->take(), sample->ticket % 40 * 1000 + sample->ticket);
    }
  }
  std::vector<std::int64_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  if (order == Order::strict) {
    EXPECT_EQ(tickets, all);
  }
  std::sort(tickets.begin(), tickets.end());
  EXPECT_EQ(tickets, all);

  EXPECT_LE(largest_drift, order == Order::strict ? 0 : max_drift);
  const QueueStatistics statistics = queue->statistics();
  EXPECT_EQ(statistics.all.samples, count);
  EXPECT_EQ(statistics.all.errors, errors);
  EXPECT_EQ(statistics.all.max_drift(), largest_drift);
  EXPECT_EQ(statistics.all.drift_sum, 0);  // both places and tickets are 0 to 999
  EXPECT_GE(statistics.all.moved_sum, statistics.all.max_drift());
  EXPECT_EQ(statistics.bound, order == Order::strict ? 0 : max_drift);
  EXPECT_GT(statistics.elapsed_ns, statistics.all.queue_wait_ns);
  EXPECT_EQ(statistics.by_class.at(0).samples + statistics.by_class.at(1).samples, count);
  EXPECT_GT(statistics.by_class.at(1).prepare_ns, statistics.by_class.at(1).samples * 7'000'000);
  EXPECT_EQ(statistics.ready + statistics.preparing, 0);
  EXPECT_LE(cache->statistics().largest_bytes, 20 * sizeof(std::int64_t));
  EXPECT_EQ(pool.stop(), 0);
}

TEST(ReadyQueue, StrictOrderIsExactForOneWorker) { run_mixed_samples(Order::strict, 1, 0); }
TEST(ReadyQueue, StrictOrderIsExactForTwoWorkers) { run_mixed_samples(Order::strict, 2, 0); }
TEST(ReadyQueue, StrictOrderIsExactForFiveWorkers) { run_mixed_samples(Order::strict, 5, 8); }
TEST(ReadyQueue, ReadyFirstKeepsItsBoundOverTwoWorkers) { run_mixed_samples(Order::ready_first, 2, 4); }
TEST(ReadyQueue, ReadyFirstKeepsItsBoundOverFiveWorkers) { run_mixed_samples(Order::ready_first, 5, 12); }
TEST(ReadyQueue, ABoundOfNothingIsStrictOrder) { run_mixed_samples(Order::ready_first, 5, 0); }

TEST(ReadyQueue, KnownCostsKeepTheBoundForOneWorker) { run_mixed_samples(Order::ready_first, 1, 8, true); }
TEST(ReadyQueue, KnownCostsKeepTheBoundForTwoWorkers) { run_mixed_samples(Order::ready_first, 2, 12, true); }
TEST(ReadyQueue, KnownCostsKeepTheBoundForFiveWorkers) { run_mixed_samples(Order::ready_first, 5, 4, true); }
TEST(ReadyQueue, KnownCostsLeaveStrictOrderExact) { run_mixed_samples(Order::strict, 2, 0, true); }

// Prepares tickets in an order that the test chooses: `hold` waits in its preparation until let go.
class HeldTickets {
 public:
  void pass(std::int64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_.count(ticket) == 0; });
  }
  void hold(std::int64_t ticket) { held_.insert(ticket); }  // before the workers start
  void let_go(std::int64_t ticket) {
    {
      const std::lock_guard lock(mutex_);
      held_.erase(ticket);
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::int64_t> held_;
};

TEST(ReadyQueue, ASlowSampleBlocksNobodyUntilTheBound) {
  const auto held = std::make_shared<HeldTickets>();
  held->hold(0);
  const auto queue = std::make_shared<Queue>(options_of(Order::ready_first, 10, 8, 3));
  WorkerPool pool(workers(2), queue, [held](std::int64_t ticket) {
    held->pass(ticket);
    return std::make_unique<std::int64_t>(ticket);
  });
  for (const std::int64_t ticket : {1, 2, 3}) {
    const auto sample = queue->next();
    EXPECT_EQ(sample->ticket, ticket);
    EXPECT_EQ(sample->drift(), -1);
  }
  EXPECT_EQ(queue->progress().next_turn, 0);
  EXPECT_THAT(queue->progress().ahead, ElementsAre(1, 2, 3));
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(20));
    held->let_go(0);
  });
  const auto overdue = queue->next();
  later.join();
  EXPECT_EQ(overdue->ticket, 0);
  EXPECT_EQ(overdue->drift(), 3);
  EXPECT_GT(overdue->queue_wait_ns, 1'000'000);
  EXPECT_EQ(queue->next()->ticket, 4);
  EXPECT_EQ(queue->progress().next_turn, 5);
  EXPECT_THAT(queue->progress().ahead, IsEmpty());
  EXPECT_EQ(queue->statistics().all.latest, 3);
  EXPECT_EQ(queue->statistics().all.earliest, -1);
}

TEST(ReadyQueue, NoTicketRunsAheadOfTheBound) {
  const auto held = std::make_shared<HeldTickets>();
  for (const std::int64_t ticket : {0, 1, 2}) held->hold(ticket);
  const auto queue = std::make_shared<Queue>(options_of(Order::ready_first, 10, 8, 2));
  WorkerPool pool(workers(4), queue, [held](std::int64_t ticket) {
    held->pass(ticket);
    return std::make_unique<std::int64_t>(ticket);
  });
  // Ticket 3 is ready and would come three places early: it waits, and so does its consumer.
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(20));
    held->let_go(2);
  });
  EXPECT_EQ(queue->next()->ticket, 2);
  later.join();
  EXPECT_EQ(queue->next()->ticket, 3);
  held->let_go(0);
  EXPECT_EQ(queue->next()->ticket, 0);
  held->let_go(1);
  EXPECT_EQ(queue->next()->ticket, 1);
}

TEST(ReadyQueue, PreparesNoMoreThanItsCapacity) {
  std::atomic<std::int64_t> prepared{0};
  const auto queue = std::make_shared<Queue>(options_of(Order::ready_first, 100, 5));
  WorkerPool pool(workers(3), queue, [&prepared](std::int64_t ticket) {
    ++prepared;
    return std::make_unique<std::int64_t>(ticket);
  });
  for (std::int64_t taken = 1; taken <= 100; ++taken) {
    ASSERT_TRUE(queue->next());
    std::this_thread::sleep_for(microseconds(100));
    EXPECT_LE(prepared, taken + 5);
    const QueueStatistics statistics = queue->statistics();
    EXPECT_LE(statistics.ready + statistics.preparing, 5);
  }
  EXPECT_FALSE(queue->next());
}

TEST(ReadyQueue, GoesOnWithExactlyTheTicketsThatWereLeft) {
  QueueOptions options = options_of(Order::ready_first, 8);
  options.done = {2, {3, 5}};
  const auto queue = std::make_shared<Queue>(options);
  std::vector<std::int64_t> tickets, places;
  const auto prepare = [](std::int64_t ticket) { return std::make_unique<std::int64_t>(ticket); };
  while (queue->work(prepare)) {  // no worker threads
    const auto sample = queue->next();
    tickets.push_back(sample->ticket);
    places.push_back(sample->place);
  }
  EXPECT_THAT(tickets, ElementsAre(2, 4, 6, 7));
  EXPECT_THAT(places, ElementsAre(4, 5, 6, 7));
  EXPECT_FALSE(queue->next());
}

// A sample is trained on when others were handed out after it: the checkpoint holds the state as of the sample.
TEST(ReadyQueue, ASampleCarriesTheProgressWithIt) {
  const QueueOptions options = options_of(Order::ready_first, 60, 8, 6);
  const auto prepare = [](std::int64_t ticket) {
    std::this_thread::sleep_for(microseconds(ticket % 5 == 0 ? 3000 : 100));
    return std::make_unique<std::int64_t>(ticket);
  };
  const auto queue = std::make_shared<Queue>(options);
  WorkerPool pool(workers(3), queue, prepare);
  std::vector<std::int64_t> tickets;
  std::vector<QueueProgress> progress;
  while (auto sample = queue->next()) {
    tickets.push_back(sample->ticket);
    progress.push_back(sample->progress);
  }
  for (const std::size_t trained : {1U, 7U, 30U, 59U, 60U}) {
    QueueOptions rest = options;
    rest.done = progress[trained - 1];
    Queue later(rest);
    std::vector<std::int64_t> all(tickets.begin(), tickets.begin() + static_cast<std::ptrdiff_t>(trained));
    while (later.work(prepare)) {
      const auto sample = later.next();
      EXPECT_EQ(sample->place, static_cast<std::int64_t>(all.size()));
      EXPECT_EQ(sample->progress.next_turn, later.progress().next_turn);
      EXPECT_EQ(sample->progress.ahead, later.progress().ahead);
      all.push_back(sample->ticket);
    }
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> expected(60);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected);
  }
}

// What is claimed when: ticket_order_test.cpp. Here the clock is the real one. A step outlasts the preparation before
// it, however long a busy machine makes that, so that samples of cost 1 are quick ones.
TEST(ReadyQueue, ACostlySampleLeavesQuickOnesBeforeIt) {
  using Clock = std::chrono::steady_clock;
  QueueOptions options = options_of(Order::ready_first, 100, 4, 1'000'000'000);
  options.expected_cost = [](std::int64_t ticket) { return ticket == 2 ? 1e5 : 1; };
  Queue queue(options);
  for (const std::int64_t expected : {0, 1, 3, 4}) {
    const Clock::time_point start = Clock::now();
    queue.work([](std::int64_t ticket) {
      std::this_thread::sleep_for(milliseconds(1));
      return std::make_unique<std::int64_t>(ticket);
    });
    const Clock::duration took = Clock::now() - start;
    EXPECT_EQ(queue.next()->ticket, expected);
    std::this_thread::sleep_for(2 * took);
  }
}

TEST(ReadyQueue, CostsWithoutSenseLoseNoSample) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double cost : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), infinity, -infinity}) {
    QueueOptions options = options_of(Order::ready_first, 100, 4, 8);
    options.expected_cost = [cost](std::int64_t ticket) {
      if (ticket % 7 == 0) throw Error("no length");
      return ticket % 3 == 0 ? cost : 1;
    };
    Queue queue(options);
    std::set<std::int64_t> tickets;
    const auto prepare = [](std::int64_t ticket) { return std::make_unique<std::int64_t>(ticket); };
    while (queue.work(prepare)) {
      const auto sample = queue.next();
      EXPECT_LE(std::abs(sample->drift()), 8);
      tickets.insert(sample->ticket);
    }
    EXPECT_EQ(tickets.size(), 100U);
    EXPECT_FALSE(queue.next());
  }
}

TEST(ReadyQueue, EndsAtOnceWithoutTickets) {
  Queue queue(options_of(Order::strict, 0));
  EXPECT_FALSE(queue.work([](std::int64_t) { return Sample(); }));
  EXPECT_FALSE(queue.next());
}

TEST(ReadyQueue, RefusesOptionsWithoutSense) {
  EXPECT_THROW(Queue(options_of(Order::strict, 1, 0)), UsageError);
  EXPECT_THROW(Queue(options_of(Order::ready_first, 1, 1, -1)), UsageError);
}

TEST(ReadyQueue, AClassThatCannotBeToldIsTheSamplesError) {
  QueueOptions options = options_of(Order::strict, 1);
  options.cost_class = [](std::int64_t) -> std::int64_t { throw Error("no length"); };
  Queue queue(options);
  EXPECT_TRUE(queue.work([](std::int64_t) { return Sample(); }));
  EXPECT_THROW((void)queue.next()->take(), Error);
}

TEST(ReadyQueue, StopEndsAConsumerThatWaits) {
  Queue queue(options_of(Order::strict, 10));
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(20));
    queue.stop();
  });
  EXPECT_FALSE(queue.next());
  stopper.join();
}

TEST(ReadyQueue, StopFreesSamplesThatWereLeft) {
  const auto counted = std::make_shared<int>(0);
  auto queue = std::make_shared<ReadyQueue<std::shared_ptr<int>>>(options_of(Order::ready_first, 100, 10));
  WorkerPool pool(workers(2), queue, [counted](std::int64_t) { return counted; });
  while (queue->statistics().ready < 10) std::this_thread::yield();
  EXPECT_EQ(counted.use_count(), 12);  // ten samples, ours, the function's
  EXPECT_EQ(pool.stop(), 0);
  EXPECT_EQ(counted.use_count(), 1);
  EXPECT_FALSE(queue->next());
}

}  // namespace
}  // namespace foldperf::trainer
