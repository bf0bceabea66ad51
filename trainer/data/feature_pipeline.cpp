#include "trainer/data/feature_pipeline.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_draws.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/data/sample_assembly.hpp"
#include "trainer/data/structure_transforms.hpp"
#include "trainer/data/template_transforms.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

const DataModeConfig& config_of(const DataConfig& config, DataMode mode) {
  switch (mode) {
    case DataMode::train:
      return config.train;
    case DataMode::eval:
      return config.eval;
    case DataMode::predict:
      return config.predict;
  }
  throw Error("no such data mode");
}

namespace {

// Integers as int64 (those of the alignment are small), one-hot residues as types, repeated values once.
TensorDict cast_and_squeeze(const TensorDict& raw) {
  TensorDict features;
  for (const auto& [name, tensor] : raw) {
    const bool is_alignment = name == "msa" || name == "deletion_matrix_int";
    features[name] = !is_alignment && tensor.scalar_type() == torch::kInt32 ? tensor.to(torch::kInt64) : tensor;
  }
  features["aatype"] = features.at("aatype").argmax(-1);
  for (const char* name : {"seq_length", "num_alignments"}) {
    if (features.contains(name)) features[name] = features.at(name).select(0, 0);
  }
  if (features.contains("resolution")) features["resolution"] = features.at("resolution").squeeze(-1);
  return features;
}

Rows all_rows(std::int64_t depth) {
  Rows rows(static_cast<std::size_t>(depth));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

std::int64_t msa_clusters(const DataCommonConfig& common, const DataModeConfig& mode) {
  const std::int64_t taken = common.reduce_msa_clusters_by_max_templates ? mode.max_templates : 0;
  return std::max<std::int64_t>(1, mode.max_msa_clusters - taken);
}

// Which part of the chain all passes have: drawn where samples have a fixed size, else all of it. OpenFold crops last:
// masks and clusters are made over the whole chain.
Crop choose_crop(const TensorDict& features, const DataModeConfig& mode, const SampleKey& sample) {
  const std::int64_t length = features.at("aatype").size(0);
  const std::int64_t templates = features.contains("template_mask") ? features.at("template_mask").size(0) : 0;
  Crop result;
  Rows order = all_rows(templates);
  std::int64_t first_template = 0;
  result.size = length;
  if (mode.fixed_size) {
    RandomStream stream(sample, Purpose::crop);
    if (mode.crop_size != 0) result.size = std::min(length, mode.crop_size);
    if (mode.subsample_templates && templates > 0) {
      first_template = stream.integer(0, templates);
      order = stream.permutation(templates);
    }
    // AlphaFold 2 supplement, section 1.2.8, unclamped: OpenFold crops before it draws whether the loss is clamped.
    const std::int64_t room = length - result.size;
    const std::int64_t shift = stream.integer(0, room);
    result.start = stream.integer(0, room - shift);
  }
  const std::int64_t kept = std::min(templates - first_template, mode.max_templates);
  result.templates.assign(order.begin() + first_template, order.begin() + first_template + kept);
  return result;
}

}  // namespace

TensorDict empty_template_features(std::int64_t length, bool with_torsion_angles) {
  const auto zeros = [length](std::vector<std::int64_t> shape) {
    shape.insert(shape.begin(), {0, length});
    return torch::zeros(shape, torch::kFloat32);
  };
  TensorDict features = {{"template_aatype", torch::zeros({0, length}, torch::kInt64)},
                         {"template_all_atom_mask", zeros({atom37_count})},
                         {"template_all_atom_positions", zeros({atom37_count, 3})},
                         {"template_mask", torch::zeros({0}, torch::kFloat32)},
                         {"template_pseudo_beta", zeros({3})},
                         {"template_pseudo_beta_mask", zeros({})},
                         {"template_sum_probs", torch::zeros({0, 1}, torch::kFloat32)}};
  if (with_torsion_angles) {
    features["template_alt_torsion_angles_sin_cos"] = zeros({7, 2});
    features["template_torsion_angles_mask"] = zeros({7});
    features["template_torsion_angles_sin_cos"] = zeros({7, 2});
  }
  return features;
}

FeaturePipeline::FeaturePipeline(const DataConfig& config, DataMode mode)
    : config_(config), mode_config_(config_of(config, mode)), mode_(mode) {}

TensorDict FeaturePipeline::fixed_transforms(const TensorDict& raw) const {
  const torch::NoGradGuard no_gradients;
  TensorDict features = cast_and_squeeze(raw);
  if (features.contains("msa")) {
    correct_msa_restypes(features);
    make_hhblits_profile(features);
  }
  make_target_feat(features);
  features["seq_mask"] = torch::ones(features.at("aatype").sizes(), torch::kFloat32);
  if (config_.common.use_templates && has_templates(features)) {
    fix_templates_aatype(features);
    make_template_mask(features);
    make_template_pseudo_beta(features);
    if (config_.common.use_template_torsion_angles) make_template_torsion_angles(features);
  } else {
    remove_templates(features);
    if (config_.common.use_templates) {
      const std::int64_t length = features.at("aatype").size(0);
      for (auto& [name, tensor] : empty_template_features(length, config_.common.use_template_torsion_angles))
        features[name] = tensor;
    }
  }
  make_atom14_masks(features);
  if (mode_config_.supervised && features.contains("all_atom_positions")) {
    make_atom14_positions(features);
    make_rigid_groups(features);
    make_torsion_angles(features);
    make_pseudo_beta(features);
    get_backbone_frames(features);
    get_chi_angles(features);
  }
  return features;
}

PaddedSize FeaturePipeline::padded_size() const {
  if (!mode_config_.fixed_size) return {};
  return {mode_config_.crop_size, msa_clusters(config_.common, mode_config_), mode_config_.max_extra_msa,
          mode_config_.max_templates};
}

PassRows FeaturePipeline::choose_rows(const TensorDict& fixed, const AlignmentView& alignment,
                                      const ReplacementShares& shares, const SampleKey& sample,
                                      std::uint32_t pass) const {
  const DataCommonConfig& common = config_.common;
  const auto stream = [&](Purpose purpose) { return RandomStream(sample, purpose, pass); };
  const auto permuted = [&](const Rows& rows, Purpose purpose) {
    return permuted_rows(rows, stream(purpose).permutation(static_cast<std::int64_t>(rows.size()) - 1));
  };
  Rows kept = all_rows(alignment.depth);
  if (mode_config_.block_delete_msa) {
    const std::int64_t block = deletion_block_size(alignment.depth, common.block_delete_msa.msa_fraction_per_block);
    if (block > 0 && alignment.depth > 1) {
      RandomStream draws = stream(Purpose::block_deletion);
      kept = rows_after_block_deletion(alignment.depth, block,
                                       draw_block_starts(draws, alignment.depth, common.block_delete_msa));
    }
  }
  const bool is_distillation = fixed.contains("is_distillation") && fixed.at("is_distillation").item<float>() == 1.0F;
  if (mode_config_.max_distillation_msa_clusters > 0 && is_distillation) {
    kept = permuted(kept, Purpose::distillation_sample);
    const auto most = static_cast<std::size_t>(mode_config_.max_distillation_msa_clusters);
    kept.resize(std::min(kept.size(), most));
  }
  PassRows chosen;
  sample_rows(chosen, permuted(kept, Purpose::sample_msa), msa_clusters(common, mode_config_));
  RandomStream positions = stream(Purpose::masked_positions), residues = stream(Purpose::masked_residues);
  mask_rows(
      chosen, alignment,
      draw_masked_places(positions, residues, chosen, alignment, shares, mode_config_.masked_msa_replace_fraction));
  if (common.msa_cluster_features) find_clusters(chosen, alignment);
  if (mode_config_.max_extra_msa > 0)
    crop_extra_rows(chosen, stream(Purpose::crop_extra_msa).permutation(chosen.others()), mode_config_.max_extra_msa);
  return chosen;
}

CompactSample FeaturePipeline::compact_passes(const TensorDict& features, const SampleKey& sample, std::uint32_t first,
                                              std::uint32_t count) const {
  const torch::NoGradGuard no_gradients;
  const AlignmentView alignment = alignment_view(features);
  const ReplacementShares shares(features.at("hhblits_profile"), config_.common.masked_msa);
  std::vector<PassRows> passes;
  if (config_.common.resample_msa_in_recycling) {
    for (std::uint32_t pass = first; pass < first + count; ++pass)
      passes.push_back(choose_rows(features, alignment, shares, sample, pass));
  } else {
    passes.push_back(choose_rows(features, alignment, shares, sample, 0));
  }
  return assemble_sample(features, alignment, passes, choose_crop(features, mode_config_, sample), padded_size(),
                         {count, config_.common.msa_cluster_features, mode_config_.max_extra_msa > 0});
}

TensorDict FeaturePipeline::recycling_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const {
  return map_tensors(expand(compact_passes(fixed, sample, pass, 1), torch::kCPU),
                     [](const at::Tensor& tensor) { return tensor.select(-1, 0).select(0, 0); });
}

std::int64_t FeaturePipeline::recycling_iterations(const SampleKey& sample) const {
  const std::int64_t most = config_.common.max_recycling_iters;
  return mode_config_.uniform_recycling ? RandomStream(sample, Purpose::recycling).integer(0, most) : most;
}

CompactSample FeaturePipeline::compact(const TensorDict& fixed, const SampleKey& key) const {
  const std::int64_t iterations = recycling_iterations(key);
  const bool is_clamped = mode_ == DataMode::train && RandomStream(key, Purpose::clamped_fape).uniform() <
                                                          static_cast<float>(config_.supervised.clamp_prob);
  TensorDict features = fixed;
  features["use_clamped_fape"] = torch::full({}, is_clamped ? 1.0F : 0.0F);
  features["no_recycling_iters"] = torch::full({}, static_cast<float>(iterations));
  return compact_passes(features, key, 0, static_cast<std::uint32_t>(iterations + 1));
}

TensorDict FeaturePipeline::sample(const TensorDict& fixed, const SampleKey& key) const {
  return expand(compact(fixed, key), torch::kCPU);
}

}  // namespace foldperf::trainer
