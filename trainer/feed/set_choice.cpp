#include "trainer/feed/set_choice.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t block_size = 1 << 14;
constexpr std::int64_t largest_position = (std::int64_t{1} << 36) - 1;
constexpr std::size_t blocks_kept = 4;  // workers and ranks look at positions some thousands apart
constexpr double words = 4294967296.0;  // 2^32

}  // namespace

SetChoice::SetChoice(std::uint64_t seed, std::span<const double> weights) : seed_(seed) {
  double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || !std::isfinite(sum += weight)) {
      throw UsageError("a set of samples cannot have weight " + std::to_string(weight));
    }
  }
  if (sum == 0) throw UsageError("all sets of samples have weight 0");
  double below = 0;
  for (const double weight : weights) {
    below += weight;
    ends_.push_back(static_cast<std::uint64_t>(std::llround(below / sum * words)));
  }
  // Rounding must not leave words at the end to nobody, nor to sets of weight 0.
  for (std::size_t set = weights.size(); set-- > 0;) {
    ends_[set] = static_cast<std::uint64_t>(words);
    if (weights[set] > 0) break;
  }
  words_.resize(block_size);
  starts_.resize(weights.size());
}

std::size_t SetChoice::set_of(std::uint32_t word) const {
  std::size_t set = 0;
  while (word >= ends_[set]) ++set;
  return set;
}

void SetChoice::draw_block(std::int64_t block) {
  RandomStream({seed_, 0, static_cast<std::uint32_t>(block)}, Purpose::sample_set).fill(words_);
}

SetPlace SetChoice::at_position(std::int64_t position) {
  if (position < 0 || position > largest_position) {
    throw Error("there is no sample at position " + std::to_string(position));
  }
  return block_at(position / block_size)[static_cast<std::size_t>(position % block_size)];
}

const SetChoice::Block& SetChoice::block_at(std::int64_t block) {
  if (const auto found = blocks_.find(block); found != blocks_.end()) return found->second;
  const std::size_t sets = ends_.size();
  while (static_cast<std::int64_t>(starts_.size() / sets) <= block) {
    draw_block(static_cast<std::int64_t>(starts_.size() / sets) - 1);
    std::vector<std::int64_t> counts(starts_.end() - static_cast<std::ptrdiff_t>(sets), starts_.end());
    for (const std::uint32_t word : words_) ++counts[set_of(word)];
    starts_.insert(starts_.end(), counts.begin(), counts.end());
  }
  draw_block(block);
  const auto start = starts_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(block) * sets);
  std::vector<std::int64_t> counts(start, start + static_cast<std::ptrdiff_t>(sets));
  Block made;
  made.reserve(words_.size());
  for (const std::uint32_t word : words_) {
    const std::size_t set = set_of(word);
    made.push_back({set, counts[set]++});
  }
  // The one that is farthest away goes.
  while (blocks_.size() >= blocks_kept) {
    const auto lowest = blocks_.begin(), highest = std::prev(blocks_.end());
    blocks_.erase(block - lowest->first > highest->first - block ? lowest : highest);
  }
  return blocks_.emplace(block, std::move(made)).first->second;
}

}  // namespace foldperf::trainer
