// Distances along the sequence (AlphaFold 2 supplement, algorithm 4; openfold/model/embedders.py: relpos).
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// A linear layer without bias, of weight [c, 2k + 1], on the one-hot distance from each residue to each other one, cut
// off at k residues to either side. residue_index [*, N] (whole numbers, any type); gives [*, N, N, c].
at::Tensor embed_relative_positions(const at::Tensor& weight, const at::Tensor& residue_index);

}  // namespace foldperf::trainer
