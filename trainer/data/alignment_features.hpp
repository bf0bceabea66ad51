// Features of a chain's alignments.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/input/alignment.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Raw features of alignments in this order, each distinct aligned sequence once, the first one winning (openfold
// data_pipeline.make_msa_features): msa [n, L] uint8 in HHblits' order, deletion_matrix_int [n, L] int16,
// num_alignments [L] int32. All alignments must have the same width (L).
TensorDict merge_alignments(const std::vector<Alignment>& alignments);

// Raw alignment features of a chain. Where `folder` is empty, does not exist or has no alignment file, the chain's own
// sequence is its alignment. Throws InputError where an alignment is not of a sequence of this length.
TensorDict chain_alignment_features(const std::filesystem::path& folder, const std::string& sequence);

}  // namespace foldperf::trainer
