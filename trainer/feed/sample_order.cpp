#include "trainer/feed/sample_order.hpp"

#include <iterator>
#include <limits>
#include <string>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// Epoch and index are words of a counter (random_stream.hpp): they must not wrap.
constexpr std::int64_t words = std::int64_t{std::numeric_limits<std::uint32_t>::max()} + 1;

}  // namespace

SampleOrder::SampleOrder(const SampleOrderOptions& options) : options_(options) {
  if (options_.chains < 1) throw UsageError("there is no chain to train on: see the data folders and filters");
  if (options_.chains > words) throw UsageError("an epoch has at most 2^32 chains");
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
}

std::optional<std::int64_t> SampleOrder::tickets() const {
  if (!options_.epochs) return std::nullopt;
  const std::int64_t first = options_.first_position + options_.rank;
  // Words are at most 2^32 each, and their product may be 2^64: more than anyone trains, and more than fits.
  std::int64_t end = 0;
  if (__builtin_mul_overflow(*options_.epochs, options_.chains, &end)) return std::nullopt;
  return end <= first ? 0 : (end - first - 1) / options_.ranks + 1;
}

SamplePlace SampleOrder::at_ticket(std::int64_t ticket) const {
  return at_position(options_.first_position + options_.rank + ticket * options_.ranks);
}

SamplePlace SampleOrder::at_position(std::int64_t position) const {
  if (position < 0 || position / options_.chains >= words) {
    throw Error("there is no sample at position " + std::to_string(position));
  }
  SamplePlace place;
  place.position = position;
  place.epoch = position / options_.chains;
  place.index = position % options_.chains;
  place.key = {options_.seed, static_cast<std::uint32_t>(place.epoch), static_cast<std::uint32_t>(place.index)};
  place.chain = static_cast<std::size_t>(
      options_.shuffle ? (*permutation_of(place.epoch))[static_cast<std::size_t>(place.index)] : place.index);
  return place;
}

// Two epochs are kept: at the border workers are at both.
SampleOrder::Permutation SampleOrder::permutation_of(std::int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  Permutation& permutation = permutations_[epoch];
  if (!permutation) {
    RandomStream stream({options_.seed, static_cast<std::uint32_t>(epoch), 0}, Purpose::chain_order);
    permutation = std::make_shared<const std::vector<std::int64_t>>(stream.permutation(options_.chains));
  }
  Permutation result = permutation;
  while (permutations_.size() > 2) {
    const auto lowest = permutations_.begin(), highest = std::prev(permutations_.end());
    permutations_.erase(epoch - lowest->first > highest->first - epoch ? lowest : highest);
  }
  return result;
}

}  // namespace foldperf::trainer
