#include "trainer/data/msa_transforms.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "trainer/data/nearest_row.hpp"
#include "trainer/data/residue_counts.hpp"
#include "trainer/protein/residue_types.hpp"

// Plain loops rather than tensor operations: batches are prepared on threads of their own beside the training thread,
// and LibTorch would start a team of threads for each of them.
namespace foldperf::trainer {

AlignmentView alignment_view(const TensorDict& features) {
  const at::Tensor &msa = features.at("msa"), &deletions = features.at("deletion_matrix_int");
  if (msa.dim() != 2 || !msa.is_contiguous() || !deletions.is_contiguous() || msa.sizes() != deletions.sizes())
    throw Error("msa and deletion_matrix_int are not the rows of one alignment");
  return {msa.const_data_ptr<std::uint8_t>(), deletions.const_data_ptr<std::int16_t>(), msa.size(0), msa.size(1)};
}

void correct_msa_restypes(TensorDict& features) {
  const at::Tensor source = features.at("msa").to(torch::kUInt8).contiguous();
  at::Tensor result = torch::empty_like(source);
  if (!to_aatype_order(source.const_data_ptr<std::uint8_t>(), source.numel(), result.mutable_data_ptr<std::uint8_t>()))
    throw Error("the alignment has a number that is no residue of HHblits' alphabet");
  features["msa"] = result;
  features["deletion_matrix_int"] = features.at("deletion_matrix_int").to(torch::kInt16).contiguous();
}

void make_hhblits_profile(TensorDict& features) {
  const AlignmentView alignment = alignment_view(features);
  constexpr std::int64_t classes = msa_classes - 1;
  std::vector<std::int32_t> counts(static_cast<std::size_t>(alignment.length * classes), 0);
  count_residues(alignment.residues, alignment.depth, alignment.length, counts.data());
  at::Tensor profile = torch::empty({alignment.length, classes}, torch::kFloat32);
  std::transform(counts.begin(), counts.end(), profile.mutable_data_ptr<float>(),
                 [&](std::int32_t count) { return static_cast<float>(count) / static_cast<float>(alignment.depth); });
  features["hhblits_profile"] = profile;
}

void make_target_feat(TensorDict& features) {
  const at::Tensor aatype = features.at("aatype").contiguous();
  const at::Tensor breaks = features.at("between_segment_residues").to(torch::kFloat32).contiguous();
  const std::int64_t length = aatype.size(0), channels = residue_type_count + 2;
  at::Tensor target = torch::zeros({length, channels}, torch::kFloat32);
  float* row = target.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < length; ++i, row += channels) {
    row[0] = std::clamp(breaks.const_data_ptr<float>()[i], 0.0F, 1.0F);
    row[1 + aatype.const_data_ptr<std::int64_t>()[i]] = 1;
  }
  features["target_feat"] = target;
}

std::int64_t deletion_block_size(std::int64_t depth, double fraction) {
  // In float32, as OpenFold: the product may round to the next whole number.
  return static_cast<std::int64_t>(std::floor(static_cast<float>(depth) * static_cast<float>(fraction)));
}

Rows rows_after_block_deletion(std::int64_t depth, std::int64_t block_size, const Rows& starts) {
  std::vector<bool> deleted(static_cast<std::size_t>(depth), false);
  for (const std::int64_t start : starts) {
    for (std::int64_t i = start; i < start + block_size; ++i) {
      deleted[static_cast<std::size_t>(std::clamp<std::int64_t>(i, 1, depth - 1))] = true;
    }
  }
  Rows kept;
  for (std::int64_t i = 0; i < depth; ++i) {
    if (!deleted[static_cast<std::size_t>(i)]) kept.push_back(i);
  }
  return kept;
}

Rows permuted_rows(const Rows& kept, const Rows& permutation) {
  Rows rows;
  rows.reserve(permutation.size() + 1);
  rows.push_back(kept.front());
  for (const std::int64_t row : permutation) rows.push_back(kept.at(static_cast<std::size_t>(row + 1)));
  return rows;
}

ReplacementShares::ReplacementShares(const at::Tensor& profile, const MaskedMsaConfig& config)
    : same_(static_cast<float>(config.same_prob)) {
  const at::Tensor shares = profile.contiguous();
  const std::int64_t length = shares.size(0), classes = msa_classes - 1;
  const float* by_type = shares.const_data_ptr<float>();
  const auto uniform = static_cast<float>(config.uniform_prob) * 0.05F;
  const auto by_profile = static_cast<float>(config.profile_prob);
  const auto token = static_cast<float>(1.0 - config.profile_prob - config.same_prob - config.uniform_prob);
  base_.resize(static_cast<std::size_t>(length * msa_classes));
  totals_.resize(static_cast<std::size_t>(length * classes), 0);
  float* out = base_.data();
  float* total = totals_.data();
  for (std::int64_t i = 0; i < length; ++i, by_type += classes, out += msa_classes, total += classes) {
    for (std::int64_t type = 0; type < classes; ++type)
      out[type] = (type < residue_type_count ? uniform : 0.0F) + by_profile * by_type[type];
    out[classes] = token;
    // Summed up in the order of the types: the sum is part of what a seed means.
    for (std::int64_t type = 0; type < msa_classes; ++type) {
      for (std::int64_t residue = 0; residue < classes; ++residue)
        total[residue] += out[type] + (type == residue ? same_ : 0.0F);
    }
  }
}

std::uint8_t ReplacementShares::choose(std::int64_t position, std::uint8_t residue, float uniform) const {
  float rest = uniform * totals_[static_cast<std::size_t>(position * (msa_classes - 1) + residue)];
  std::int64_t chosen = 0;
  for (float here = share(position, residue, 0); chosen + 1 < msa_classes && rest >= here;
       here = share(position, residue, chosen)) {
    rest -= here;
    ++chosen;
  }
  // Rounding may run past the last class that is possible at all.
  while (chosen > 0 && share(position, residue, chosen) == 0) --chosen;
  return static_cast<std::uint8_t>(chosen);
}

void sample_rows(PassRows& pass, Rows rows, std::int64_t max_rows) {
  pass.rows = std::move(rows);
  pass.sampled = std::min(max_rows, static_cast<std::int64_t>(pass.rows.size()));
}

void mask_rows(PassRows& pass, const AlignmentView& alignment, MaskedPlaces masked) {
  pass.masked = std::move(masked);
  pass.msa.resize(static_cast<std::size_t>(pass.sampled * alignment.length));
  auto out = pass.msa.begin();
  for (std::int64_t s = 0; s < pass.sampled; ++s) {
    const std::uint8_t* row = alignment.row(pass.rows[static_cast<std::size_t>(s)]);
    out = std::copy(row, row + alignment.length, out);
  }
  for (std::size_t i = 0; i < pass.masked.places.size(); ++i)
    pass.msa.at(static_cast<std::size_t>(pass.masked.places[i])) = pass.masked.replacements[i];
}

void find_clusters(PassRows& pass, const AlignmentView& alignment) {
  pass.cluster_of.resize(static_cast<std::size_t>(pass.others()));
  if (pass.cluster_of.empty()) return;
  NearestRow nearest(pass.msa.data(), pass.sampled, alignment.length);
  for (std::size_t e = 0; e < pass.cluster_of.size(); ++e) {
    const std::int64_t row = pass.rows[static_cast<std::size_t>(pass.sampled) + e];
    pass.cluster_of[e] = static_cast<std::int32_t>(nearest.find(alignment.row(row)));
  }
}

void crop_extra_rows(PassRows& pass, Rows permutation, std::int64_t max_extra_msa) {
  if (static_cast<std::int64_t>(permutation.size()) > max_extra_msa)
    permutation.resize(static_cast<std::size_t>(max_extra_msa));
  pass.extra = std::move(permutation);
}

}  // namespace foldperf::trainer
