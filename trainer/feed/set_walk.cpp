#include "trainer/feed/set_walk.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>
#include <string>

#include "core/error.hpp"
#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

namespace {

// Rounds, chains and random words are words of 32 bits.
constexpr std::int64_t words = std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1;

// In a group of rounds: few enough to be shuffled in a moment, and enough that eight bytes a group are no memory.
constexpr std::int64_t draws_a_group = 1 << 14;
// Groups to remember: workers and ranks look at places some thousands apart.
constexpr std::size_t small_groups = 4, large_groups = 2;
constexpr std::size_t draws_at_once = 1 << 12;

[[noreturn]] void refuse_round() { throw Error("a run ends before round 2^32 of its chains"); }

std::uint32_t round_word(std::int64_t round) { return static_cast<std::uint32_t>(round); }

}  // namespace

SetWalk::SetWalk(std::uint64_t seed, std::uint32_t set, std::int64_t chains, const std::vector<float>& probabilities)
    : seed_(seed), set_(set), chains_(chains) {
  if (chains < 1) throw UsageError("there is no chain to train on: see the data folders and filters");
  if (chains > words) throw UsageError("a set of samples has at most 2^32 chains");
  if (!probabilities.empty()) {
    if (static_cast<std::int64_t>(probabilities.size()) != chains) {
      throw UsageError("there are " + std::to_string(probabilities.size()) + " probabilities of " +
                       std::to_string(chains) + " chains");
    }
    for (const float probability : probabilities) {
      if (!(probability >= 0 && probability <= 1)) {
        throw UsageError("a chain cannot be kept with probability " + std::to_string(probability));
      }
    }
    const double largest = *std::max_element(probabilities.begin(), probabilities.end());
    if (largest == 0) throw UsageError("all chains have probability 0 of being sampled");
    const bool all_alike = std::all_of(probabilities.begin(), probabilities.end(),
                                       [&](float probability) { return double{probability} == largest; });
    for (std::size_t i = 0; !all_alike && i < probabilities.size(); ++i) {
      if (probabilities[i] == 0) continue;
      const double share = static_cast<double>(probabilities[i]) / largest;
      const std::int64_t kept_words = std::max<std::int64_t>(1, std::llround(share * static_cast<double>(words)));
      kept_at_all_.push_back(static_cast<std::uint32_t>(i));
      largest_word_.push_back(static_cast<std::uint32_t>(kept_words - 1));
      kept_a_round_ += share;
    }
  }
  if (kept_at_all_.empty()) kept_a_round_ = static_cast<double>(chains);
  rounds_a_group_ = std::max<std::int64_t>(1, draws_a_group / candidates());
  if (!kept_at_all_.empty()) {
    group_starts_ = {0};
    words_.resize(std::min(draws_at_once, kept_at_all_.size()));
  }
}

std::int64_t SetWalk::candidates() const {
  return kept_at_all_.empty() ? chains_ : static_cast<std::int64_t>(kept_at_all_.size());
}

// Calls keep(chain, whether it is kept) with each chain that may be kept, in the catalog's order.
template <class Keep>
void SetWalk::for_each_kept(std::int64_t round, const Keep& keep) {
  if (round >= words) refuse_round();
  RandomStream stream({seed_, round_word(round), set_}, Purpose::kept_chain);
  for (std::size_t first = 0; first < kept_at_all_.size(); first += words_.size()) {
    const std::span<std::uint32_t> drawn(words_.data(), std::min(words_.size(), kept_at_all_.size() - first));
    stream.fill(drawn);
    for (std::size_t i = 0; i < drawn.size(); ++i) keep(kept_at_all_[first + i], drawn[i] <= largest_word_[first + i]);
  }
}

std::int64_t SetWalk::count_group(std::int64_t group) {
  std::int64_t count = 0;
  for (std::int64_t round = group * rounds_a_group_; round < (group + 1) * rounds_a_group_; ++round) {
    for_each_kept(round, [&](std::uint32_t, bool kept) { count += kept ? 1 : 0; });
  }
  return count;
}

std::int64_t SetWalk::group_of(std::int64_t nth) {
  if (kept_at_all_.empty()) return nth / (chains_ * rounds_a_group_);
  while (group_starts_.back() <= nth) {
    group_starts_.push_back(group_starts_.back() + count_group(static_cast<std::int64_t>(group_starts_.size()) - 1));
  }
  return std::upper_bound(group_starts_.begin(), group_starts_.end(), nth) - group_starts_.begin() - 1;
}

const SetWalk::Group& SetWalk::group_at(std::int64_t group) {
  if (const auto found = groups_.find(group); found != groups_.end()) return found->second;
  Group made;
  made.first =
      kept_at_all_.empty() ? group * rounds_a_group_ * chains_ : group_starts_[static_cast<std::size_t>(group)];
  std::vector<std::uint32_t> kept;
  for (std::int64_t round = group * rounds_a_group_; round < std::min(words, (group + 1) * rounds_a_group_); ++round) {
    kept.clear();
    for_each_kept(round, [&](std::uint32_t chain, bool is_kept) {
      if (is_kept) kept.push_back(chain);
    });
    RandomStream stream({seed_, round_word(round), set_}, Purpose::chain_order);
    const auto order = stream.permutation(kept_at_all_.empty() ? chains_ : static_cast<std::int64_t>(kept.size()));
    for (const std::int64_t i : order) {
      made.chains.push_back(kept_at_all_.empty() ? static_cast<std::uint32_t>(i) : kept[static_cast<std::size_t>(i)]);
    }
  }
  // The one that is farthest away goes.
  const std::size_t most = candidates() > draws_a_group ? large_groups : small_groups;
  while (groups_.size() >= most) {
    const auto lowest = groups_.begin(), highest = std::prev(groups_.end());
    groups_.erase(group - lowest->first > highest->first - group ? lowest : highest);
  }
  return groups_.emplace(group, std::move(made)).first->second;
}

std::size_t SetWalk::chain_at(std::int64_t nth) {
  const std::int64_t group = group_of(nth);
  if (group * rounds_a_group_ >= words) refuse_round();
  const Group& made = group_at(group);
  const auto i = static_cast<std::size_t>(nth - made.first);
  if (i >= made.chains.size()) refuse_round();  // the last group may be cut
  return made.chains[i];
}

}  // namespace foldperf::trainer
