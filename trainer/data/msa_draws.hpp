// The random draws of the alignment's transforms (msa_transforms.hpp has their effect).
#pragma once

#include "trainer/config/data_config.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/feed/random_stream.hpp"

namespace foldperf::trainer {

// First rows of the blocks to delete, each in [1, depth).
Rows draw_block_starts(RandomStream& stream, std::int64_t depth, const BlockDeleteMsaConfig& config);

// Uniform numbers [S, L] that decide which positions are masked.
at::Tensor draw_masked_positions(RandomStream& stream, std::int64_t rows, std::int64_t length);

// What each position would become [S, L] int64, drawn from masked_msa_probabilities; only where `uniform` is below
// replace_fraction, 0 elsewhere.
at::Tensor draw_masked_residues(RandomStream& stream, const TensorDict& features, const MaskedMsaConfig& config,
                                const at::Tensor& uniform, double replace_fraction);

}  // namespace foldperf::trainer
