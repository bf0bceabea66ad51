#include "trainer/data/msa_draws.hpp"

namespace foldperf::trainer {

Rows draw_block_starts(RandomStream& stream, std::int64_t depth, const BlockDeleteMsaConfig& config) {
  const std::int64_t blocks = config.randomize_num_blocks ? stream.integer(0, config.num_blocks) : config.num_blocks;
  Rows starts;
  for (std::int64_t i = 0; i < blocks; ++i) starts.push_back(stream.integer(1, depth - 1));
  return starts;
}

MaskedPlaces draw_masked_places(RandomStream& positions, RandomStream& residues, const PassRows& pass,
                                const AlignmentView& alignment, const ReplacementShares& shares, double fraction) {
  const auto limit = static_cast<float>(fraction);
  MaskedPlaces masked;
  for (std::int64_t s = 0; s < pass.sampled; ++s) {
    const std::uint8_t* row = alignment.row(pass.rows[static_cast<std::size_t>(s)]);
    for (std::int64_t i = 0; i < alignment.length; ++i) {
      if (!(positions.uniform() < limit)) continue;
      masked.places.push_back(s * alignment.length + i);
      masked.replacements.push_back(shares.choose(i, row[i], residues.uniform()));
    }
  }
  return masked;
}

}  // namespace foldperf::trainer
