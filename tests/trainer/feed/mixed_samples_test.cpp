// Order, queue, workers, cache and readers together, on real files: the same samples for any number of workers, in both
// orders, and across an interruption in the middle of an epoch.
#include "tests/trainer/feed/mixed_samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <numeric>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/worker_pool.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Queue = ReadyQueue<MixedSample>;

constexpr std::int64_t sample_count = 1000;
constexpr std::int64_t capacity = 16;
constexpr std::int64_t max_drift = 12;

// Samples by ticket; none where its preparation failed.
using Samples = std::map<std::int64_t, std::optional<MixedSample>>;

class MixedSamples : public ::testing::Test {
 protected:
  struct Shared {
    MixedFiles files;
    SampleOrder order{options(files.chains())};
    static SampleOrderOptions options(std::size_t chains) {
      SampleOrderOptions result;
      result.chains = static_cast<std::int64_t>(chains);
      result.epochs = sample_count / result.chains;
      return result;
    }
  };

  static void SetUpTestSuite() {
    shared_ = std::make_shared<Shared>();
    expected_ = new Samples;
    for (std::int64_t ticket = 0; ticket < sample_count; ++ticket) {
      const SamplePlace place = shared_->order.at_ticket(ticket);
      auto& expected = (*expected_)[ticket];
      if (!shared_->files.is_unreadable(place.chain)) expected = shared_->files.prepare(place);
    }
  }
  static void TearDownTestSuite() {
    shared_.reset();
    delete expected_;
  }

  static QueueOptions queue_options(Order order, const QueueProgress& done = {}) {
    QueueOptions options;
    options.order = order;
    options.capacity = capacity;
    options.max_drift = max_drift;
    options.tickets = shared_->order.tickets();
    options.done = done;
    const auto chain = [shared = shared_](std::int64_t ticket) { return shared->order.at_ticket(ticket).chain; };
    options.cost_class = [=, shared = shared_](std::int64_t ticket) {
      return shared->files.cost(chain(ticket)) > 1 ? 1 : 0;
    };
    options.expected_cost = [=, shared = shared_](std::int64_t ticket) { return shared->files.cost(chain(ticket)); };
    return options;
  }

  static WorkerOptions workers(std::int64_t number) {
    WorkerOptions options;
    options.number = number;
    return options;
  }

  static MixedSample prepare(const std::shared_ptr<Shared>& shared, std::int64_t ticket) {
    return shared->files.prepare(shared->order.at_ticket(ticket));
  }

  // Checks that the sample is as it must be, and adds it.
  static void add(Samples& samples, QueuedSample<MixedSample>& sample) {
    const std::size_t chain = shared_->order.at_ticket(sample.ticket).chain;
    EXPECT_LE(std::abs(sample.drift()), max_drift);
    auto [place, is_new] = samples.emplace(sample.ticket, std::nullopt);
    EXPECT_TRUE(is_new) << "handed out twice: " << sample.ticket;
    if (shared_->files.is_unreadable(chain)) {
      EXPECT_THAT(testing::input_error([&] { (void)sample.take(); }),
                  AnyOf(HasSubstr("cut.cif.gz"), HasSubstr("uneven_A/bfd_uniclust_hits.a3m")));
    } else {
      place->second = sample.take();
    }
  }

  static std::shared_ptr<Shared> shared_;
  static Samples* expected_;
};

std::shared_ptr<MixedSamples::Shared> MixedSamples::shared_;
Samples* MixedSamples::expected_ = nullptr;

// What the others are compared with must be worth it.
TEST_F(MixedSamples, AreMixed) {
  std::map<std::string, int> entries;
  std::size_t deepest = 0, longest = 0, templates = 0, failures = 0, with_rows = 0;
  for (const auto& [ticket, sample] : *expected_) {
    if (!sample) {
      ++failures;
      continue;
    }
    ++entries[sample->entry];
    deepest = std::max(deepest, sample->rows);
    longest = std::max(longest, sample->residues);
    templates += sample->templates;
    with_rows += sample->rows > 1 ? 1 : 0;
  }
  EXPECT_EQ(entries.size(), 9U);
  EXPECT_EQ(entries["long"], 4);
  EXPECT_EQ(longest, 5000U);
  EXPECT_EQ(deepest, 50000U);
  EXPECT_EQ(failures, 8U);
  EXPECT_GT(templates, 100U);
  EXPECT_GT(with_rows, 400U);
}

TEST_F(MixedSamples, AreTheSameInReadyFirstOrder) {
  const auto queue = std::make_shared<Queue>(queue_options(Order::ready_first));
  WorkerPool pool(workers(4), queue, [shared = shared_](std::int64_t ticket) { return prepare(shared, ticket); });
  Samples samples;
  while (auto sample = queue->next()) add(samples, *sample);
  EXPECT_EQ(samples, *expected_);
  const QueueStatistics statistics = queue->statistics();
  EXPECT_EQ(statistics.all.samples, sample_count);
  EXPECT_EQ(statistics.all.errors, 8);
  EXPECT_EQ(statistics.by_class.at(1).samples, 8);
  EXPECT_EQ(pool.stop(), 0);
  const CacheStatistics cache = shared_->files.cache_statistics();
  EXPECT_GT(cache.hits, cache.misses);
  EXPECT_GT(cache.evictions, 0);
  EXPECT_GT(cache.too_large, 0);
  EXPECT_GT(cache.failures, 0);
}

TEST_F(MixedSamples, GoOnInStrictOrderAfterAStopInTheMiddleOfAnEpoch) {
  Samples samples;
  QueueProgress progress;
  std::int64_t next = 0;
  // Workers are many, then few: the order does not depend on them.
  for (const auto& [worker_count, until] : {std::pair(3, std::int64_t{620}), std::pair(2, sample_count)}) {
    const auto queue = std::make_shared<Queue>(queue_options(Order::strict, progress));
    WorkerPool pool(workers(worker_count), queue,
                    [shared = shared_](std::int64_t ticket) { return prepare(shared, ticket); });
    for (; next < until; ++next) {
      auto sample = queue->next();
      ASSERT_TRUE(sample);
      EXPECT_EQ(sample->ticket, next);
      progress = sample->progress;
      add(samples, *sample);
    }
    EXPECT_EQ(pool.stop(std::chrono::minutes(1)), 0);
    EXPECT_FALSE(queue->next());
  }
  EXPECT_EQ(samples, *expected_);
}

TEST_F(MixedSamples, GoOnInReadyFirstOrderAfterAStopWithSamplesAhead) {
  constexpr std::int64_t slow = 400;  // in the middle of the second epoch
  Samples samples;
  QueueProgress progress;
  {
    // A sample that takes until others have overtaken it.
    std::promise<void> overtaken;
    const auto wait = std::make_shared<std::shared_future<void>>(overtaken.get_future().share());
    const auto queue = std::make_shared<Queue>(queue_options(Order::ready_first));
    WorkerPool pool(workers(3), queue, [shared = shared_, wait](std::int64_t ticket) {
      const std::shared_future<void> future = *wait;
      if (ticket == slow) future.wait();
      return prepare(shared, ticket);
    });
    while (progress.next_turn < slow || progress.ahead.size() < 3) {
      auto sample = queue->next();
      ASSERT_TRUE(sample);
      progress = sample->progress;
      add(samples, *sample);
    }
    overtaken.set_value();
    EXPECT_EQ(pool.stop(std::chrono::minutes(1)), 0);
  }
  ASSERT_EQ(progress.next_turn, slow);
  EXPECT_EQ(samples.count(slow), 0U);

  const auto queue = std::make_shared<Queue>(queue_options(Order::ready_first, progress));
  WorkerPool pool(workers(3), queue, [shared = shared_](std::int64_t ticket) { return prepare(shared, ticket); });
  while (auto sample = queue->next()) add(samples, *sample);
  EXPECT_EQ(samples, *expected_);
}

}  // namespace
}  // namespace foldperf::trainer
