// Features of a chain's alignments.
#pragma once

#include <string>
#include <vector>

#include "trainer/input/alignment.hpp"
#include "trainer/input/alignment_store.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Raw features of alignments in this order, each distinct aligned sequence once, the first one winning (openfold
// data_pipeline.make_msa_features): msa [n, L] uint8 in HHblits' order, deletion_matrix_int [n, L] int16,
// num_alignments [L] int32. All alignments must have the same width (L).
TensorDict merge_alignments(const std::vector<Alignment>& alignments);

// Raw alignment features of a chain. Without a store, or where the store has no alignment of it, the chain's own
// sequence is its alignment. Throws InputError where an alignment is damaged, or not of a sequence of this length.
TensorDict chain_alignment_features(const AlignmentStore* store, const std::string& chain, const std::string& sequence);

}  // namespace foldperf::trainer
