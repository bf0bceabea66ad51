// The order of samples from several sets, and of chains that are kept with a probability. All draws are of a fixed
// seed: a limit of four standard deviations either holds always or shows a fault.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "trainer/feed/sample_order.hpp"

namespace foldperf::trainer {
namespace {

using SetAndChain = std::pair<std::size_t, std::size_t>;

// A few experiments, a quarter of the samples, and more predictions; chains of both kept with all sorts of probability.
SampleOrderOptions two_sets() {
  SampleOrderOptions options;
  options.epoch_length = 1000;
  options.epochs = 50;
  options.sets = {{7, 0.25, {1, 0.5F, 0.25F, 1, 0, 1e-3F, 0.75F}}, {300, 0.75, {}}};
  for (int i = 0; i < 300; ++i) options.sets[1].probabilities.push_back(static_cast<float>(1 + i % 10) / 10);
  return options;
}

std::vector<SetAndChain> all_of(const SampleOrderOptions& options) {
  const SampleOrder order(options);
  std::vector<SetAndChain> samples;
  for (std::int64_t ticket = 0; ticket < order.tickets().value_or(0); ++ticket) {
    const SamplePlace place = order.at_ticket(ticket);
    samples.emplace_back(place.set, place.chain);
  }
  return samples;
}

void expect_share(double count, double of, double share, const std::string& what) {
  EXPECT_LE(std::abs(count - of * share), 4 * std::sqrt(of * share * (1 - share)))
      << what << ": " << count << " of " << of;
}

TEST(SampleSets, ComeAsOftenAsTheirWeightsSay) {
  SampleOrderOptions options = two_sets();
  options.sets.push_back({4, 0, {}});  // no share
  options.sets.push_back({3, 3, {}});
  std::map<std::size_t, double> counts;
  for (const SetAndChain& sample : all_of(options)) ++counts[sample.first];
  expect_share(counts[0], 50'000, 0.25 / 4, "first");
  expect_share(counts[1], 50'000, 0.75 / 4, "second");
  EXPECT_EQ(counts[2], 0);
  expect_share(counts[3], 50'000, 3.0 / 4, "fourth");
}

TEST(SampleSets, ComeInAnOrderWithoutPattern) {
  SampleOrderOptions options = two_sets();
  options.sets = {{1, 1, {}}, {1, 1, {}}};
  const std::vector<SetAndChain> samples = all_of(options);
  double pairs = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) pairs += samples[i].first == samples[i - 1].first ? 1 : 0;
  expect_share(pairs, 49'999, 0.5, "followed by the same set");
}

// A chain that is always kept tells how many rounds there were; the others are kept in a share of them.
TEST(SampleSets, KeepChainsWithTheirProbabilities) {
  SampleOrderOptions options = two_sets();
  options.epochs = 200;
  const std::vector<SetAndChain> samples = all_of(options);
  for (std::size_t set = 0; set < 2; ++set) {
    const std::vector<float>& probabilities = options.sets[set].probabilities;
    std::vector<double> counts(probabilities.size());
    for (const SetAndChain& sample : samples) {
      if (sample.first == set) ++counts[sample.second];
    }
    const double rounds = counts[set == 0 ? 0 : 9];
    EXPECT_GT(rounds, 400);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      // The last round may be cut off before either of the two.
      if (probabilities[i] == 1) {
        EXPECT_NEAR(counts[i], rounds, 1);
        continue;
      }
      expect_share(counts[i], rounds, probabilities[i], "chain " + std::to_string(i));
    }
  }
}

TEST(SampleSets, KeepTheProbabilitiesOfManyChains) {
  SampleOrderOptions options;
  options.sets = {{20'000, 1, std::vector<float>(20'000, 0.25F)}};
  std::vector<float>& probabilities = options.sets[0].probabilities;
  std::fill(probabilities.begin() + 12'345, probabilities.end(), 0.75F);
  probabilities[0] = 1;
  options.epoch_length = 150'000;
  options.epochs = 1;
  double rounds = 0, first = 0, last = 0;
  for (const SetAndChain& sample : all_of(options)) {
    rounds += sample.second == 0 ? 1 : 0;
    first += sample.second > 0 && sample.second < 12'345 ? 1 : 0;
    last += sample.second >= 12'345 ? 1 : 0;
  }
  EXPECT_GE(rounds, 15);
  expect_share(last, first + last, 7655 * 0.75 / (7655 * 0.75 + 12'344 * 0.25), "the second kind");
}

TEST(SampleSets, MeetEveryChainOnceARound) {
  SampleOrderOptions options = two_sets();
  std::vector<std::int64_t> counts(7);
  for (const SetAndChain& sample : all_of(options)) {
    if (sample.first != 0) continue;
    ++counts[sample.second];
    // Chains 0 and 3 are always kept, so they count the rounds; no other chain may come twice in one.
    ASSERT_LE(std::abs(counts[0] - counts[3]), 1);
    ASSERT_LE(*std::max_element(counts.begin(), counts.end()), std::min(counts[0], counts[3]) + 1);
  }
}

TEST(SampleSets, ShuffleEachRoundAnew) {
  SampleOrderOptions options;
  options.sets = {{6, 1, {1, 1, 0.5F, 1, 1, 1}}};
  options.epoch_length = 30'000;
  options.epochs = 1;
  std::map<std::size_t, double> first_of_round;
  std::vector<bool> seen(6);
  int always_kept = 0;
  for (const SetAndChain& sample : all_of(options)) {
    if (sample.second == 2) continue;
    ASSERT_FALSE(seen[sample.second]);
    seen[sample.second] = true;
    if (++always_kept % 5 == 1) ++first_of_round[sample.second];
    if (always_kept % 5 == 0) seen.assign(6, false);
  }
  const double rounds = always_kept / 5;
  for (const std::size_t chain : {0U, 1U, 3U, 4U, 5U}) {
    expect_share(first_of_round[chain], rounds, 0.2, "chain " + std::to_string(chain) + " first");
  }
}

// A walk without end has the probabilities in proportion only.
TEST(SampleSets, ScaleProbabilitiesThatDoNotReachOne) {
  SampleOrderOptions options = two_sets();
  options.sets[0].probabilities = {0.5F, 0.25F, 0.125F, 0.5F, 0, 0.0625F, 0.5F};
  const std::vector<SetAndChain> halves = all_of(options);
  for (float& probability : options.sets[0].probabilities) probability *= 2;
  EXPECT_EQ(halves, all_of(options));

  options.sets[0].probabilities.assign(7, 0.3F);
  const std::vector<SetAndChain> alike = all_of(options);
  options.sets[0].probabilities.clear();
  EXPECT_EQ(alike, all_of(options));
}

TEST(SampleSets, EndThoughAllChainsAreRarelyKept) {
  SampleOrderOptions options;
  options.sets = {{3, 1, {1e-30F, 0, 2e-30F}}};
  options.epoch_length = 30'000;
  options.epochs = 1;
  std::map<std::size_t, double> counts;
  for (const SetAndChain& sample : all_of(options)) ++counts[sample.second];
  expect_share(counts[0], counts[2], 0.5, "half as often as the other");
  EXPECT_EQ(counts[0] + counts[2], 30'000);
}

TEST(SampleSets, GoOnAtAnyPosition) {
  const std::vector<SetAndChain> samples = all_of(two_sets());
  for (const std::int64_t start : {1, 999, 1000, 16'383, 16'384, 31'000, 49'999, 50'000}) {
    SampleOrderOptions options = two_sets();
    options.first_position = start;
    const std::vector<SetAndChain> rest = all_of(options);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), samples.begin() + start, samples.end())) << "from " << start;
  }
}

TEST(SampleSets, MayBeAskedForInAnyOrder) {
  const std::vector<SetAndChain> samples = all_of(two_sets());
  const SampleOrder order(two_sets());
  std::vector<std::int64_t> positions = RandomStream({1, 0, 0}, Purpose::chain_order).permutation(50'000);
  positions.resize(500);
  for (const std::int64_t position : positions) {
    const SamplePlace place = order.at_position(position);
    EXPECT_EQ(SetAndChain(place.set, place.chain), samples[static_cast<std::size_t>(position)]);
    EXPECT_EQ(place.position, position);
    EXPECT_EQ(place.epoch, position / 1000);
    EXPECT_EQ(place.index, position % 1000);
    EXPECT_EQ(place.key.epoch, position / 1000);
    EXPECT_EQ(place.key.index, position % 1000);
  }
}

TEST(SampleSets, AreTheSameForWorkersThatAskAtOnce) {
  const std::vector<SetAndChain> samples = all_of(two_sets());
  const SampleOrder order(two_sets());
  std::vector<std::thread> workers;
  for (std::int64_t worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker] {
      for (std::int64_t ticket = worker * 11'000; ticket < 50'000; ticket += 23) {
        const SamplePlace place = order.at_ticket(ticket);
        EXPECT_EQ(SetAndChain(place.set, place.chain), samples[static_cast<std::size_t>(ticket)]);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
}

TEST(SampleSets, ArePartedBetweenRanks) {
  const std::vector<SetAndChain> samples = all_of(two_sets());
  std::vector<int> taken(samples.size());
  for (std::int64_t rank = 0; rank < 3; ++rank) {
    SampleOrderOptions options = two_sets();
    options.rank = rank;
    options.ranks = 3;
    options.first_position = 5000;
    const SampleOrder order(options);
    for (std::int64_t ticket = 0; ticket < *order.tickets(); ++ticket) {
      const SamplePlace place = order.at_ticket(ticket);
      const auto position = static_cast<std::size_t>(place.position);
      ASSERT_LT(position, samples.size());
      EXPECT_EQ(SetAndChain(place.set, place.chain), samples[position]);
      ++taken[position];
    }
  }
  EXPECT_TRUE(std::all_of(taken.begin(), taken.begin() + 5000, [](int count) { return count == 0; }));
  EXPECT_TRUE(std::all_of(taken.begin() + 5000, taken.end(), [](int count) { return count == 1; }));
}

TEST(SampleSets, DependOnTheSeed) {
  SampleOrderOptions options = two_sets();
  const std::vector<SetAndChain> samples = all_of(options);
  options.seed = 43;
  EXPECT_NE(samples, all_of(options));
}

// The order is part of what a seed means.
TEST(SampleSets, KeepTheMeaningOfASeed) {
  const SampleOrder order(two_sets());
  RandomStream choosing({42, 0, 0}, Purpose::sample_set);
  for (std::int64_t position = 0; position < 40; ++position) {
    EXPECT_EQ(order.at_position(position).set, choosing.next() < (1U << 30) ? 0U : 1U);
  }
  std::vector<std::size_t> kept;  // of set 0 in its first round; chain 4 is never kept and draws nothing
  RandomStream keeping({42, 0, 0}, Purpose::kept_chain);
  const std::vector<float> probabilities = two_sets().sets[0].probabilities;
  for (std::size_t i = 0; i < 7; ++i) {
    if (probabilities[i] > 0 && keeping.next() < probabilities[i] * 0x1p32) kept.push_back(i);
  }
  const auto shuffled =
      RandomStream({42, 0, 0}, Purpose::chain_order).permutation(static_cast<std::int64_t>(kept.size()));
  std::vector<std::size_t> walked;
  for (std::int64_t position = 0; walked.size() < kept.size(); ++position) {
    const SamplePlace place = order.at_position(position);
    if (place.set == 0) walked.push_back(place.chain);
  }
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(walked[i], kept[static_cast<std::size_t>(shuffled[i])]);
}

// Epochs shorter or longer than a round are only another way of counting.
TEST(SampleSets, MeetAllChainsWhateverAnEpochIs) {
  SampleOrderOptions options;
  options.chains = 10;
  options.epochs = 6;
  const std::vector<SetAndChain> whole = all_of(options);
  options.epoch_length = 3;
  options.epochs = 20;
  EXPECT_EQ(whole, all_of(options));
  options.epoch_length = 60;
  options.epochs = 1;
  EXPECT_EQ(whole, all_of(options));
  options.chains = 0;
  options.sets = {{10, 5, {}}};
  EXPECT_EQ(whole, all_of(options));
}

TEST(SampleSets, MayHaveOneSetInItsOrder) {
  SampleOrderOptions options;
  options.sets = {{10, 1, {}}};
  options.epoch_length = 4;
  options.shuffle = false;
  const SampleOrder order(options);
  EXPECT_EQ(order.at_position(13).chain, 3U);
  EXPECT_EQ(order.at_position(13).epoch, 3);
  EXPECT_EQ(order.at_position(13).index, 1);
}

TEST(SampleSets, RefuseWhatDoesNotExist) {
  const auto refused = [](const std::string& expected, auto change) {
    SampleOrderOptions options = two_sets();
    change(options);
    try {
      const SampleOrder order(options);
      ADD_FAILURE() << "not refused: " << expected;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  refused("weight -1", [](SampleOrderOptions& options) { options.sets[1].weight = -1; });
  refused("weight nan", [](SampleOrderOptions& options) { options.sets[1].weight = nan; });
  refused("weight inf",
          [](SampleOrderOptions& options) { options.sets[1].weight = std::numeric_limits<double>::infinity(); });
  refused("all sets of samples have weight 0", [](SampleOrderOptions& options) {
    for (SampleSet& set : options.sets) set.weight = 0;
  });
  refused("set 2 of samples: there is no chain", [](SampleOrderOptions& options) { options.sets[1] = {0, 1, {}}; });
  refused("set 1 of samples: all chains have probability 0",
          [](SampleOrderOptions& options) { options.sets[0].probabilities.assign(7, 0); });
  refused("set 1 of samples: there are 6 probabilities of 7 chains",
          [](SampleOrderOptions& options) { options.sets[0].probabilities.resize(6); });
  refused("probability 1.5", [](SampleOrderOptions& options) { options.sets[0].probabilities[3] = 1.5F; });
  refused("probability -0.5", [](SampleOrderOptions& options) { options.sets[0].probabilities[3] = -0.5F; });
  refused("probability nan",
          [](SampleOrderOptions& options) { options.sets[0].probabilities[3] = static_cast<float>(nan); });
  refused("cannot have 0 samples", [](SampleOrderOptions& options) { options.epoch_length = 0; });
  refused("cannot have -5 samples", [](SampleOrderOptions& options) { options.epoch_length = -5; });
  refused("1 to 2^32", [](SampleOrderOptions& options) { options.epoch_length = (std::int64_t{1} << 32) + 1; });
  refused("need a number of samples", [](SampleOrderOptions& options) { options.epoch_length.reset(); });
  refused("unshuffled", [](SampleOrderOptions& options) { options.shuffle = false; });
  SampleOrderOptions endless = two_sets();
  endless.epochs.reset();
  EXPECT_THROW((void)SampleOrder(endless).at_position(std::int64_t{1} << 36), Error);
}

}  // namespace
}  // namespace foldperf::trainer
