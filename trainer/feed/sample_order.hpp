// Which chain comes at which position of a training run. It depends on the seed and the position only, so a run that
// goes on at any position, in the middle of an epoch too, gets the samples that it would have had.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

struct SampleOrderOptions {
  std::int64_t chains = 0;  // in an epoch
  std::uint64_t seed = 42;
  bool shuffle = true;                 // a new order of the chains in every epoch
  std::optional<std::int64_t> epochs;  // empty: without end
  std::int64_t first_position = 0;     // samples already trained on, by all ranks together
  std::int64_t rank = 0;               // this process takes positions first + rank, first + rank + ranks, ...
  std::int64_t ranks = 1;
};

struct SamplePlace {
  std::int64_t position = 0;  // within the run, over all ranks
  std::int64_t epoch = 0;
  std::int64_t index = 0;  // within the epoch
  std::size_t chain = 0;   // in the catalog
  SampleKey key;           // of the sample's random draws
};

// Thread safety: all functions may be called from any thread.
class SampleOrder {
 public:
  // Throws UsageError where there is no chain, no such rank, or a position below 0.
  explicit SampleOrder(const SampleOrderOptions& options);

  // How many samples this process has left; empty: without end.
  [[nodiscard]] std::optional<std::int64_t> tickets() const;
  // The sample of this process's ticket 0, 1, ...
  [[nodiscard]] SamplePlace at_ticket(std::int64_t ticket) const;
  // The sample at a position of the run. Throws Error where it is negative or beyond epoch 2^32 - 1.
  [[nodiscard]] SamplePlace at_position(std::int64_t position) const;

 private:
  using Permutation = std::shared_ptr<const std::vector<std::int64_t>>;
  [[nodiscard]] Permutation permutation_of(std::int64_t epoch) const;

  SampleOrderOptions options_;
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, Permutation> permutations_;  // by epoch; at most two
};

}  // namespace foldperf::trainer
