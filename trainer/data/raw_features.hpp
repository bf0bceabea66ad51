// Features as they come from the files, before any transform (openfold/data/data_pipeline.py): names, types and shapes
// are OpenFold's. Here L is the length of the chain and n the depth of its alignment.
#pragma once

#include <string>

#include "trainer/input/structure.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// aatype [L, 21] one-hot, between_segment_residues, residue_index (from 0), seq_length, each [L], all int32.
TensorDict sequence_features(const std::string& sequence);

// sequence_features and all_atom_positions [L, 37, 3], all_atom_mask [L, 37], resolution [1], is_distillation [].
TensorDict structure_features(const ProteinChain& chain);

}  // namespace foldperf::trainer
