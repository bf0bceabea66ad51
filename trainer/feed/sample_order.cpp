#include "trainer/feed/sample_order.hpp"

#include <limits>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// Epoch and index are words of a counter (random_stream.hpp): they must not wrap.
constexpr std::int64_t words = std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1;

bool keeps_all(const SampleSet& set) { return set.probabilities.empty(); }

}  // namespace

SampleOrder::SampleOrder(const SampleOrderOptions& options) : options_(options) {
  std::vector<SampleSet> sets = std::exchange(options_.sets, {});
  if (sets.empty()) sets.push_back({options_.chains, 1, {}});
  const bool plain = sets.size() == 1 && keeps_all(sets.front());
  if (!options_.epoch_length && !plain) {
    throw UsageError("chains that are sampled, or are of several sets, need a number of samples in an epoch");
  }
  if (options_.epoch_length && (*options_.epoch_length < 1 || *options_.epoch_length > words)) {
    throw UsageError("an epoch cannot have " + std::to_string(*options_.epoch_length) + " samples, but 1 to 2^32");
  }
  if (!options_.shuffle && !plain) throw UsageError("only a single set whose chains are all kept goes unshuffled");
  if (options_.first_position < 0) {
    throw UsageError("position " + std::to_string(options_.first_position) + " to start at is below 0");
  }
  if (options_.ranks < 1 || options_.rank < 0 || options_.rank >= options_.ranks) {
    throw UsageError("rank " + std::to_string(options_.rank) + " of " + std::to_string(options_.ranks) +
                     " does not exist");
  }
  if (options_.epochs && (*options_.epochs < 0 || *options_.epochs > words)) {
    throw UsageError("there cannot be " + std::to_string(*options_.epochs) + " epochs");
  }
  std::vector<double> weights;
  for (const SampleSet& set : sets) weights.push_back(set.weight);
  SetChoice choice(options_.seed, weights);
  if (sets.size() > 1) choice_ = std::move(choice);
  walks_.resize(sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].weight == 0) continue;
    try {
      walks_[i].emplace(options_.seed, static_cast<std::uint32_t>(i), sets[i].chains, sets[i].probabilities);
    } catch (const UsageError& error) {
      if (sets.size() == 1) throw;
      throw UsageError("set " + std::to_string(i + 1) + " of samples: " + error.what());
    }
  }
  options_.chains = sets.front().chains;
  epoch_length_ = options_.epoch_length.value_or(options_.chains);
}

std::optional<std::int64_t> SampleOrder::tickets() const {
  if (!options_.epochs) return std::nullopt;
  const std::int64_t first = options_.first_position + options_.rank;
  // Words are at most 2^32 each, and their product may be 2^64: more than anyone trains, and more than fits.
  std::int64_t end = 0;
  if (__builtin_mul_overflow(*options_.epochs, epoch_length_, &end)) return std::nullopt;
  return end <= first ? 0 : (end - first - 1) / options_.ranks + 1;
}

SamplePlace SampleOrder::at_ticket(std::int64_t ticket) const {
  return at_position(options_.first_position + options_.rank + ticket * options_.ranks);
}

SamplePlace SampleOrder::at_position(std::int64_t position) const {
  if (position < 0 || position / epoch_length_ >= words) {
    throw Error("there is no sample at position " + std::to_string(position));
  }
  SamplePlace place;
  place.position = position;
  place.epoch = position / epoch_length_;
  place.index = position % epoch_length_;
  place.key = {options_.seed, static_cast<std::uint32_t>(place.epoch), static_cast<std::uint32_t>(place.index)};
  if (!options_.shuffle) {
    place.chain = static_cast<std::size_t>(position % options_.chains);
    return place;
  }
  const std::lock_guard lock(mutex_);
  const SetPlace in_set = choice_ ? choice_->at_position(position) : SetPlace{0, position};
  place.set = in_set.set;
  place.chain = walks_[in_set.set]->chain_at(in_set.nth);
  return place;
}

}  // namespace foldperf::trainer
