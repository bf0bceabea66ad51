// Which set of samples the sample at each position of a run comes from, drawn for each position by the sets' weights,
// as OpenFold's reroll does.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace foldperf::trainer {

struct SetPlace {
  std::size_t set = 0;
  std::int64_t nth = 0;  // samples of the set at positions before
};

// Thread safety: none.
class SetChoice {
 public:
  // Throws UsageError where a weight is negative or not finite, or all are 0.
  SetChoice(std::uint64_t seed, std::span<const double> weights);

  // Throws Error from position 2^36 on, where a walk from the start would take minutes.
  [[nodiscard]] SetPlace at_position(std::int64_t position);

 private:
  using Block = std::vector<SetPlace>;

  [[nodiscard]] const Block& block_at(std::int64_t block);
  void draw_block(std::int64_t block);
  [[nodiscard]] std::size_t set_of(std::uint32_t word) const;

  std::uint64_t seed_;
  std::vector<std::uint64_t> ends_;       // the words below ends_[set], and not below the one before, choose the set
  std::vector<std::uint32_t> words_;      // of the block drawn last
  std::vector<std::int64_t> starts_;      // [blocks, sets]: samples of each set before each block that was counted
  std::map<std::int64_t, Block> blocks_;  // those looked at last
};

}  // namespace foldperf::trainer
