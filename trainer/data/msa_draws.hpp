// The random draws of the alignment's transforms (msa_transforms.hpp has their effect).
#pragma once

#include "trainer/config/data_config.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

// First rows of the blocks to delete, each in [1, depth).
Rows draw_block_starts(RandomStream& stream, std::int64_t depth, const BlockDeleteMsaConfig& config);

// Which places of the sampled rows are masked, each with probability `fraction` (one draw for every place), and what
// stands there afterwards (one draw for every masked place).
MaskedPlaces draw_masked_places(RandomStream& positions, RandomStream& residues, const PassRows& pass,
                                const AlignmentView& alignment, const ReplacementShares& shares, double fraction);

}  // namespace foldperf::trainer
