// The embedding of a chain's sequence by a protein language model, which takes the place of its alignment in OpenFold's
// sequence-embedding mode (openfold/data/data_pipeline.py: _process_seqemb_features, make_dummy_msa_feats).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// The file <chain>.pt of the folder, else its only .pt file. Throws InputError where there is none, or several of other
// names.
std::filesystem::path sequence_embedding_file(const std::filesystem::path& folder, const std::string& chain);

// The embedding [length, width] float32 of a file as ESM's extract.py and OpenFold's scripts/precompute_embeddings.py
// write it: a dictionary whose "representations" hold those of layer 33, the last one of ESM-1b. Throws InputError for
// a file that is missing, damaged, has no such layer, or has one of another shape or with values that are not finite.
at::Tensor read_sequence_embedding(const std::filesystem::path& file, std::int64_t length, std::int64_t width);

// Raw features of a chain in place of chain_alignment_features: the sequence as the only row of its alignment (msa,
// deletion_matrix_int, num_alignments) and seq_embedding [L, width].
TensorDict sequence_embedding_features(const std::filesystem::path& folder, const std::string& chain,
                                       const std::string& sequence, std::int64_t width);

}  // namespace foldperf::trainer
