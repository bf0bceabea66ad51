// The endless walk over the chains of one set of samples, as OpenFold's looped samples: rounds of all chains, each
// round in an order of its own, a chain being kept or passed over with its probability whenever it is met.
//
// Nothing of a walk has to be saved: it follows from seed and set, and the n-th chain kept is found by counting the
// random draws of the rounds before it. Which chains a round keeps does not depend on their order, so only rounds
// that are looked at are shuffled, and without probabilities nothing has to be counted.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace foldperf::trainer {

// Thread safety: none.
class SetWalk {
 public:
  // `probabilities` of keeping each chain; empty: all are kept. A walk without end has them in proportion only, so they
  // are divided by their largest: no round is without a chain. Throws UsageError, not naming the set, where there are
  // no or too many chains (2^32), where the probabilities are not as many, not from 0 to 1, or all 0.
  SetWalk(std::uint64_t seed, std::uint32_t set, std::int64_t chains, const std::vector<float>& probabilities);

  // The number, from 0, of the chain kept after `nth` others. Throws Error where that is beyond round 2^32 - 1.
  [[nodiscard]] std::size_t chain_at(std::int64_t nth);

  // Chains that a round keeps in the mean.
  [[nodiscard]] double kept_a_round() const { return kept_a_round_; }

 private:
  // Rounds are kept and counted in groups, so that small sets take no more memory or time than large ones.
  struct Group {
    std::int64_t first = 0;             // how many chains were kept before
    std::vector<std::uint32_t> chains;  // kept, in their order
  };

  [[nodiscard]] std::int64_t candidates() const;
  [[nodiscard]] std::int64_t group_of(std::int64_t nth);
  [[nodiscard]] std::int64_t count_group(std::int64_t group);
  [[nodiscard]] const Group& group_at(std::int64_t group);
  template <class Keep>
  void for_each_kept(std::int64_t round, const Keep& keep);

  std::uint64_t seed_;
  std::uint32_t set_;
  std::int64_t chains_;
  // With probabilities: the chains that may be kept at all, and the largest random word with which each is.
  std::vector<std::uint32_t> kept_at_all_;
  std::vector<std::uint32_t> largest_word_;
  double kept_a_round_ = 0;
  std::int64_t rounds_a_group_ = 1;
  std::vector<std::int64_t> group_starts_;  // with probabilities: chains kept before each group that was counted
  std::vector<std::uint32_t> words_;        // room to draw into
  std::map<std::int64_t, Group> groups_;    // those looked at last
};

}  // namespace foldperf::trainer
