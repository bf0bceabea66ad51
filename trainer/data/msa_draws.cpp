#include "trainer/data/msa_draws.hpp"

#include <cmath>
#include <vector>

namespace foldperf::trainer {

Rows draw_block_starts(RandomStream& stream, std::int64_t depth, const BlockDeleteMsaConfig& config) {
  const std::int64_t blocks = config.randomize_num_blocks ? stream.integer(0, config.num_blocks) : config.num_blocks;
  Rows starts;
  for (std::int64_t i = 0; i < blocks; ++i) starts.push_back(stream.integer(1, depth - 1));
  return starts;
}

MaskedPlaces draw_masked_places(RandomStream& positions, RandomStream& residues, const PassRows& pass,
                                const AlignmentView& alignment, const ReplacementShares& shares, double fraction) {
  // Uniform numbers are the words' high 24 bits: those below this number are below the fraction.
  const auto limit = static_cast<std::uint32_t>(std::ceil(static_cast<double>(static_cast<float>(fraction)) * 0x1p24));
  std::vector<std::uint32_t> words(static_cast<std::size_t>(alignment.length));
  std::vector<std::int64_t> found(words.size());
  MaskedPlaces masked;
  for (std::int64_t s = 0; s < pass.sampled; ++s) {
    positions.fill(words);
    std::size_t count = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      found[count] = static_cast<std::int64_t>(i);
      count += words[i] >> 8 < limit ? 1 : 0;
    }
    const std::uint8_t* row = alignment.row(pass.rows[static_cast<std::size_t>(s)]);
    for (std::size_t i = 0; i < count; ++i) {
      masked.places.push_back(s * alignment.length + found[i]);
      masked.replacements.push_back(shares.choose(found[i], row[found[i]], residues.uniform()));
    }
  }
  return masked;
}

}  // namespace foldperf::trainer
