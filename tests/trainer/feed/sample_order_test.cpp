#include "trainer/feed/sample_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

SampleOrderOptions ten_chains() {
  SampleOrderOptions options;
  options.chains = 10;
  options.epochs = 3;
  return options;
}

TEST(SampleOrder, HoldsEveryChainOnceAnEpochInANewOrder) {
  const SampleOrder order(ten_chains());
  std::set<std::vector<std::size_t>> epochs;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::size_t> chains;
    for (std::int64_t index = 0; index < 10; ++index) {
      const SamplePlace place = order.at_ticket(epoch * 10 + index);
      EXPECT_EQ(place.position, epoch * 10 + index);
      EXPECT_EQ(place.epoch, epoch);
      EXPECT_EQ(place.index, index);
      EXPECT_EQ(place.key.epoch, epoch);
      EXPECT_EQ(place.key.index, index);
      EXPECT_EQ(place.key.seed, 42U);
      chains.push_back(place.chain);
    }
    epochs.insert(chains);
    std::sort(chains.begin(), chains.end());
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(chains[i], i);
  }
  EXPECT_EQ(epochs.size(), 3U);
  EXPECT_EQ(order.tickets(), 30);
}

// The order is part of what a seed means.
TEST(SampleOrder, IsThePermutationOfTheSeedAndEpoch) {
  const SampleOrder order(ten_chains());
  RandomStream stream({42, 1, 0}, Purpose::chain_order);
  const std::vector<std::int64_t> expected = stream.permutation(10);
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(static_cast<std::int64_t>(order.at_position(10 + i).chain), expected[static_cast<std::size_t>(i)]);
  }
}

TEST(SampleOrder, GoesOnInTheMiddleOfAnEpoch) {
  const SampleOrder order(ten_chains());
  for (const std::int64_t start : {1, 7, 10, 25, 30}) {
    SampleOrderOptions options = ten_chains();
    options.first_position = start;
    const SampleOrder resumed(options);
    ASSERT_EQ(resumed.tickets(), 30 - start);
    for (std::int64_t ticket = 0; ticket < 30 - start; ++ticket) {
      EXPECT_EQ(resumed.at_ticket(ticket).chain, order.at_ticket(start + ticket).chain);
      EXPECT_EQ(resumed.at_ticket(ticket).position, start + ticket);
    }
  }
}

TEST(SampleOrder, EpochsMayBeAskedForInAnyOrder) {
  const SampleOrder order(ten_chains());
  std::vector<std::size_t> chains;
  for (std::int64_t i = 0; i < 30; ++i) chains.push_back(order.at_position(i).chain);
  for (const std::int64_t position : {29, 3, 15, 28, 14, 2, 0, 20, 10}) {
    EXPECT_EQ(order.at_position(position).chain, chains[static_cast<std::size_t>(position)]);
  }
}

TEST(SampleOrder, RanksShareThePositions) {
  std::set<std::int64_t> positions;
  std::int64_t tickets = 0;
  for (std::int64_t rank = 0; rank < 4; ++rank) {
    SampleOrderOptions options = ten_chains();
    options.first_position = 3;
    options.rank = rank;
    options.ranks = 4;
    const SampleOrder order(options);
    tickets += *order.tickets();
    for (std::int64_t ticket = 0; ticket < *order.tickets(); ++ticket) {
      positions.insert(order.at_ticket(ticket).position);
    }
  }
  EXPECT_EQ(tickets, 27);
  EXPECT_EQ(positions.size(), 27U);
  EXPECT_EQ(*positions.begin(), 3);
  EXPECT_EQ(*positions.rbegin(), 29);
}

TEST(SampleOrder, MayKeepTheCatalogsOrderAndHaveNoEnd) {
  SampleOrderOptions options = ten_chains();
  options.shuffle = false;
  options.epochs.reset();
  const SampleOrder order(options);
  EXPECT_EQ(order.at_ticket(123).chain, 3U);
  EXPECT_FALSE(order.tickets());
}

TEST(SampleOrder, RefusesWhatDoesNotExist) {
  const auto refused = [](auto change) {
    SampleOrderOptions options = ten_chains();
    change(options);
    EXPECT_THROW(SampleOrder{options}, UsageError);
  };
  refused([](SampleOrderOptions& options) { options.chains = 0; });
  refused([](SampleOrderOptions& options) { options.chains = std::int64_t{1} << 33; });
  refused([](SampleOrderOptions& options) { options.first_position = -1; });
  refused([](SampleOrderOptions& options) { options.rank = 1; });
  refused([](SampleOrderOptions& options) { options.ranks = 0; });
  refused([](SampleOrderOptions& options) { options.epochs = -1; });
  const SampleOrder order(ten_chains());
  EXPECT_THROW((void)order.at_position(-1), Error);
  EXPECT_THROW((void)order.at_position(std::numeric_limits<std::int64_t>::max()), Error);
}

}  // namespace
}  // namespace foldperf::trainer
