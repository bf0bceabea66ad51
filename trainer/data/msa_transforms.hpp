// Transforms of a chain's alignment: openfold/data/data_transforms.py, AlphaFold 2 supplement, sections 1.2.4 to 1.2.9
// and algorithm 1. Each random one is split into its draws (msa_draws.hpp) and their effect, here.
//
// n is the depth of the alignment, S the number of sampled rows (clusters), E of the others ("extra_"), L the length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

using Rows = std::vector<std::int64_t>;

// msa [n, L] from HHblits' order to that of aatype, as int64.
void correct_msa_restypes(TensorDict& features);
// msa_mask [n, L] and msa_row_mask [n], all ones: padding adds zeros.
void make_msa_mask(TensorDict& features, const std::string& prefix = "");
// hhblits_profile [L, 22]: share of each residue type and of gaps over the whole alignment.
void make_hhblits_profile(TensorDict& features);

// Rows in each block of block deletion: floor(depth x fraction).
std::int64_t deletion_block_size(std::int64_t depth, double fraction);
// The rows that stay when blocks of this size, starting at `starts` and cut off at the end, are deleted. Row 0 stays.
Rows rows_after_block_deletion(std::int64_t depth, std::int64_t block_size, const Rows& starts);
// Keeps these rows of the msa features, in this order; rows of the extra features with extra = true.
void keep_rows(TensorDict& features, const Rows& rows, bool extra = false);

// The query, then the other rows in the order of the permutation of [0, n - 1): the first max_seq rows stay, the others
// become extra_msa, extra_deletion_matrix, extra_msa_mask, extra_msa_row_mask (unless keep_extra is false).
void sample_msa(TensorDict& features, const Rows& permutation, std::int64_t max_seq, bool keep_extra = true);

// The same of the rows `kept` only (those that block deletion left), in one go: deep alignments are copied once.
void sample_msa_of(TensorDict& features, const Rows& kept, const Rows& permutation, std::int64_t max_seq);

// Probabilities [S, L, 23] of what a masked position becomes (the last one: the mask token).
at::Tensor masked_msa_probabilities(const TensorDict& features, const MaskedMsaConfig& config);
// Where uniform [S, L] is below replace_fraction, msa becomes `replacement` [S, L] int64. Adds bert_mask and true_msa.
void make_masked_msa(TensorDict& features, const at::Tensor& uniform, const at::Tensor& replacement,
                     double replace_fraction);

// extra_cluster_assignment [E] int64: the sampled row that shares most residues with each extra row (gaps and masked
// positions do not count; the first of equals).
void nearest_neighbor_clusters(TensorDict& features);
// cluster_profile [S, L, 23] and cluster_deletion_mean [S, L] over each sampled row and the extra rows assigned to it.
void summarize_clusters(TensorDict& features);

// Keeps the first max_extra_msa rows of the permutation of [0, E).
void crop_extra_msa(TensorDict& features, const Rows& permutation, std::int64_t max_extra_msa);
void delete_extra_msa(TensorDict& features);

// target_feat [L, 22], msa_feat [S, L, 49] (25 without clusters), extra_has_deletion and extra_deletion_value [E, L].
void make_msa_feat(TensorDict& features);

}  // namespace foldperf::trainer
