// Transforms of a chain's alignment: openfold/data/data_transforms.py, AlphaFold 2 supplement, sections 1.2.4 to 1.2.9
// and algorithm 1. Each random one is split into its draws (msa_draws.hpp) and their effect, here. No row is copied but
// those that get masked: a pass is a choice of rows.
//
// n is the depth of the alignment, L its length, S the number of sampled rows (clusters), E that of the others.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

using Rows = std::vector<std::int64_t>;

inline constexpr std::int64_t msa_classes = 23;  // residues, unknown, gap, mask

// A whole alignment [n, L], row after row, in memory that somebody else owns.
struct AlignmentView {
  const std::uint8_t* residues = nullptr;  // in aatype's order, gap_residue for gaps
  const std::int16_t* deletions = nullptr;
  std::int64_t depth = 0;
  std::int64_t length = 0;

  [[nodiscard]] const std::uint8_t* row(std::int64_t index) const { return residues + index * length; }
  [[nodiscard]] const std::int16_t* row_deletions(std::int64_t index) const { return deletions + index * length; }
};

// msa uint8 and deletion_matrix_int int16 [n, L] of features that correct_msa_restypes has been through, as long as
// they live.
AlignmentView alignment_view(const TensorDict& features);

// msa [n, L] from HHblits' order to that of aatype, uint8; deletion_matrix_int as int16. Throws Error for a number that
// is no residue.
void correct_msa_restypes(TensorDict& features);
// hhblits_profile [L, 22]: share of each residue type and of gaps over the whole alignment.
void make_hhblits_profile(TensorDict& features);
// target_feat [L, 22]: whether a chain begins here, then the residue, one-hot.
void make_target_feat(TensorDict& features);

// Rows in each block of block deletion: floor(depth x fraction).
std::int64_t deletion_block_size(std::int64_t depth, double fraction);
// The rows that stay when blocks of this size, starting at `starts` and cut off at the end, are deleted. Row 0 stays.
Rows rows_after_block_deletion(std::int64_t depth, std::int64_t block_size, const Rows& starts);
// The first of the rows `kept` (the query), then the others in the order of the permutation of [0, kept.size() - 1).
Rows permuted_rows(const Rows& kept, const Rows& permutation);

// What masked residues become: shares [L, 23] of each type (the last one: the mask token) where the alignment has a
// given residue.
class ReplacementShares {
 public:
  // hhblits_profile [L, 22].
  ReplacementShares(const at::Tensor& profile, const MaskedMsaConfig& config);

  [[nodiscard]] float share(std::int64_t position, std::uint8_t residue, std::int64_t type) const {
    return base_[static_cast<std::size_t>(position * msa_classes + type)] + (type == residue ? same_ : 0.0F);
  }
  // The type at which the shares, summed up, pass this part of their total; `uniform` is in [0, 1).
  [[nodiscard]] std::uint8_t choose(std::int64_t position, std::uint8_t residue, float uniform) const;

 private:
  float same_;
  std::vector<float> base_;    // [L, 23]: shares without that of the residue itself
  std::vector<float> totals_;  // [L, 22]: their sum with it, by residue
};

// Masked places of the sampled rows.
struct MaskedPlaces {
  std::vector<std::int64_t> places;        // in [0, S x L), rising
  std::vector<std::uint8_t> replacements;  // what stands there afterwards
};

// A recycling pass: which rows of the alignment it takes, and what is masked in them.
struct PassRows {
  Rows rows;                      // the S sampled ones, then the E others
  std::int64_t sampled = 0;       // S
  std::vector<std::uint8_t> msa;  // [S, L] masked
  MaskedPlaces masked;
  std::vector<std::int32_t> cluster_of;  // [E]: place of the sampled row that each other row belongs to
  Rows extra;                            // those of the others that become extra rows, as places in [0, E)

  [[nodiscard]] std::int64_t others() const { return static_cast<std::int64_t>(rows.size()) - sampled; }
};

// The first max_rows rows are the sampled ones.
void sample_rows(PassRows& pass, Rows rows, std::int64_t max_rows);
// Sets msa: the sampled rows with their replacements.
void mask_rows(PassRows& pass, const AlignmentView& alignment, MaskedPlaces masked);
// Sets cluster_of: the sampled row, as masked, that shares most residues with each of the others (gaps and masks do not
// count; the first of equals).
void find_clusters(PassRows& pass, const AlignmentView& alignment);
// Sets extra: the first max_extra_msa of a permutation of [0, E).
void crop_extra_rows(PassRows& pass, Rows permutation, std::int64_t max_extra_msa);

}  // namespace foldperf::trainer
