// Which chain comes at which position of a training run. It depends on the seed and the position only, so a run that
// goes on at any position, in the middle of an epoch too, gets the samples that it would have had.
//
// Chains come from one or several sets (experiments and predictions, e.g.), as in OpenFold's OpenFoldDataset: each
// position draws its set by weight, and each set is walked in shuffled rounds without end, in which a chain is kept
// with a probability of its own. An epoch is a number of samples; the walks go on from epoch to epoch, so that every
// chain has its turn once a round, however short epochs are.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "trainer/feed/random_stream.hpp"
#include "trainer/feed/set_choice.hpp"
#include "trainer/feed/set_walk.hpp"

namespace foldperf::trainer {

struct SampleSet {
  std::int64_t chains = 0;
  double weight = 1;                 // share of the samples, in proportion to the other sets' weights
  std::vector<float> probabilities;  // of keeping each chain when it is met; empty: all are kept
};

struct SampleOrderOptions {
  std::int64_t chains = 0;                   // of the only set, where `sets` is empty
  std::vector<SampleSet> sets;               // their numbers are part of what a seed means: do not change their order
  std::optional<std::int64_t> epoch_length;  // samples; empty: the number of chains, where one set keeps all of them
  std::uint64_t seed = 42;
  bool shuffle = true;                 // false: one set, all kept, in the catalog's order
  std::optional<std::int64_t> epochs;  // empty: without end
  std::int64_t first_position = 0;     // samples already trained on, by all ranks together
  std::int64_t rank = 0;               // this process takes positions first + rank, first + rank + ranks, ...
  std::int64_t ranks = 1;
};

struct SamplePlace {
  std::int64_t position = 0;  // within the run, over all ranks
  std::int64_t epoch = 0;
  std::int64_t index = 0;  // within the epoch
  std::size_t set = 0;
  std::size_t chain = 0;  // in the set's catalog
  SampleKey key;          // of the sample's random draws
};

// To find a position, a walk with several sets or with probabilities counts the draws of all positions before it (ten
// million samples: well under a second) and remembers how far it was.
// Thread safety: all functions may be called from any thread.
class SampleOrder {
 public:
  // Throws UsageError where there is no chain, no such rank, a position below 0, an epoch without or with more than
  // 2^32 samples; a weight that is negative or not finite, or none above 0; probabilities that are not as many as
  // chains, not from 0 to 1, or all 0, in a set with a weight.
  explicit SampleOrder(const SampleOrderOptions& options);

  // How many samples this process has left; empty: without end.
  [[nodiscard]] std::optional<std::int64_t> tickets() const;
  // The sample of this process's ticket 0, 1, ...
  [[nodiscard]] SamplePlace at_ticket(std::int64_t ticket) const;
  // The sample at a position of the run. Throws Error where it is negative or beyond epoch 2^32 - 1, and with several
  // sets from 2^36 on.
  [[nodiscard]] SamplePlace at_position(std::int64_t position) const;

 private:
  SampleOrderOptions options_;  // without sets
  std::int64_t epoch_length_ = 0;
  mutable std::mutex mutex_;
  mutable std::optional<SetChoice> choice_;            // none: the one set
  mutable std::vector<std::optional<SetWalk>> walks_;  // by set; none where the weight is 0
};

}  // namespace foldperf::trainer
