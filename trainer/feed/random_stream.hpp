// Random numbers that depend on nothing but what they are for: a counter-based generator (Philox4x32-10: Salmon,
// Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11). Same seed, same batches, whichever
// thread makes them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace foldperf::trainer {

// One Philox block: four words from a counter and a key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// What a draw is for. The numbers are part of what a seed means: never reuse one.
enum class Purpose : std::uint32_t {
  chain_order = 1,
  clamped_fape = 2,
  recycling = 3,
  crop = 4,
  block_deletion = 5,
  distillation_sample = 6,
  sample_msa = 7,
  masked_positions = 8,
  masked_residues = 9,
  crop_extra_msa = 10,
  kept_chain = 11,
  sample_set = 12,
  template_order = 13,
  step_recycling = 14,
};

// Which sample a draw belongs to.
struct SampleKey {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::uint32_t index = 0;  // within the epoch
};

// The draws of one purpose for one sample and one recycling pass.
class RandomStream {
 public:
  RandomStream(const SampleKey& sample, Purpose purpose, std::uint32_t recycling_pass = 0);

  std::uint32_t next();
  // The next words.size() words: the same as by next(), several times faster where they are many.
  void fill(std::span<std::uint32_t> words);
  // In [0, 1), multiples of 2^-24.
  float uniform();
  // In [low, high], both inclusive, unbiased. Throws Error where high < low.
  std::int64_t integer(std::int64_t low, std::int64_t high);
  // 0 to count - 1 in random order.
  std::vector<std::int64_t> permutation(std::int64_t count);

 private:
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> block_{};
  std::size_t used_ = 4;
};

}  // namespace foldperf::trainer
