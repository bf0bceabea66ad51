#include "trainer/data/feature_pipeline.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_draws.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/data/structure_transforms.hpp"
#include "trainer/data/template_transforms.hpp"
#include "trainer/data/zeroed_tensor.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

const DataModeConfig& mode_of(const DataConfig& config, DataMode mode) {
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

// Integers as int64, one-hot residues as types, repeated values once.
TensorDict cast_and_squeeze(const TensorDict& raw) {
  TensorDict features = map_tensors(raw, [](const at::Tensor& tensor) {
    return tensor.scalar_type() == torch::kInt32 ? tensor.to(torch::kInt64) : tensor;
  });
  features["aatype"] = features.at("aatype").argmax(-1);
  for (const char* name : {"seq_length", "num_alignments"}) {
    if (features.contains(name)) features[name] = features.at(name).select(0, 0);
  }
  if (features.contains("resolution")) features["resolution"] = features.at("resolution").squeeze(-1);
  if (features.contains("deletion_matrix_int")) {
    features["deletion_matrix"] = features.at("deletion_matrix_int").to(torch::kFloat32);
    features.erase("deletion_matrix_int");
  }
  return features;
}

// What depends on the draws of a pass.
const std::set<std::string>& varying_features() {
  static const std::set<std::string> names = {"bert_mask",          "extra_deletion_value",
                                              "extra_has_deletion", "extra_msa",
                                              "extra_msa_mask",     "extra_msa_row_mask",
                                              "msa_feat",           "msa_mask",
                                              "msa_row_mask",       "true_msa"};
  return names;
}

// The residues of features that the model does not see but that others are made of.
void crop_intermediates(TensorDict& features, const Crop& crop) {
  const auto cut = [&](const char* name, std::int64_t dim) {
    if (features.contains(name)) features[name] = features.at(name).narrow(dim, crop.start, crop.size);
  };
  cut("between_segment_residues", 0);
  for (const char* name :
       {"msa", "deletion_matrix", "cluster_profile", "cluster_deletion_mean", "extra_deletion_matrix"}) {
    cut(name, 1);
  }
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

Crop draw_crop(const TensorDict& features, const DataModeConfig& mode, const SampleKey& sample) {
  // The same in every pass.
  RandomStream stream(sample, Purpose::crop);
  const std::int64_t length = features.at("aatype").size(0);
  const std::int64_t templates = features.contains("template_mask") ? features.at("template_mask").size(0) : 0;
  Crop result;
  result.size = mode.crop_size == 0 ? length : std::min(length, mode.crop_size);
  std::vector<std::int64_t> order(static_cast<std::size_t>(templates));
  for (std::int64_t i = 0; i < templates; ++i) order[static_cast<std::size_t>(i)] = i;
  std::int64_t first_template = 0;
  if (mode.subsample_templates && templates > 0) {
    first_template = stream.integer(0, templates);
    order = stream.permutation(templates);
  }
  const std::int64_t kept = std::min(templates - first_template, mode.max_templates);
  result.templates.assign(order.begin() + first_template, order.begin() + first_template + kept);
  // AlphaFold 2 supplement, section 1.2.8, unclamped: OpenFold crops before it draws whether the loss is clamped.
  const std::int64_t room = length - result.size;
  const std::int64_t shift = stream.integer(0, room);
  result.start = stream.integer(0, room - shift);
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
    : config_(config), mode_config_(mode_of(config, mode)), mode_(mode) {}

TensorDict FeaturePipeline::fixed_transforms(const TensorDict& raw) const {
  const torch::NoGradGuard no_gradients;
  TensorDict features = cast_and_squeeze(raw);
  if (features.contains("msa")) {
    correct_msa_restypes(features);
    make_msa_mask(features);
    make_hhblits_profile(features);
  }
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

TensorDict FeaturePipeline::recycling_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const {
  TensorDict features = cropped_pass(fixed, sample, pass);
  pad(features, padded_size());
  return features;
}

TensorDict FeaturePipeline::cropped_pass(const TensorDict& fixed, const SampleKey& sample, std::uint32_t pass) const {
  const torch::NoGradGuard no_gradients;
  const DataCommonConfig& common = config_.common;
  const std::uint32_t msa_pass = common.resample_msa_in_recycling ? pass : 0;
  const auto stream = [&](Purpose purpose) { return RandomStream(sample, purpose, msa_pass); };
  const auto depth = [&](const TensorDict& features) { return features.at("msa").size(0); };
  TensorDict features = fixed;
  // All ones until padding: made again at the end, rather than copied with every selection of rows.
  for (const char* name : {"msa_mask", "msa_row_mask"}) features.erase(name);

  Rows kept = all_rows(depth(features));
  if (mode_config_.block_delete_msa) {
    const std::int64_t block = deletion_block_size(depth(features), common.block_delete_msa.msa_fraction_per_block);
    if (block > 0 && depth(features) > 1) {
      RandomStream draws = stream(Purpose::block_deletion);
      kept = rows_after_block_deletion(depth(features), block,
                                       draw_block_starts(draws, depth(features), common.block_delete_msa));
    }
  }
  const bool is_distillation =
      features.contains("is_distillation") && features.at("is_distillation").item<float>() == 1.0F;
  if (mode_config_.max_distillation_msa_clusters > 0 && is_distillation) {
    keep_rows(features, kept);
    sample_msa(features, stream(Purpose::distillation_sample).permutation(depth(features) - 1),
               mode_config_.max_distillation_msa_clusters, false);
    kept = all_rows(depth(features));
  }
  sample_msa_of(features, kept, stream(Purpose::sample_msa).permutation(static_cast<std::int64_t>(kept.size()) - 1),
                msa_clusters(common, mode_config_));

  RandomStream position_draws = stream(Purpose::masked_positions);
  RandomStream residue_draws = stream(Purpose::masked_residues);
  const double fraction = mode_config_.masked_msa_replace_fraction;
  const at::Tensor uniform = draw_masked_positions(position_draws, depth(features), features.at("msa").size(1));
  make_masked_msa(features, uniform,
                  draw_masked_residues(residue_draws, features, common.masked_msa, uniform, fraction), fraction);

  if (common.msa_cluster_features) {
    nearest_neighbor_clusters(features);
    summarize_clusters(features);
  }
  if (mode_config_.max_extra_msa > 0) {
    crop_extra_msa(features, stream(Purpose::crop_extra_msa).permutation(features.at("extra_msa").size(0)),
                   mode_config_.max_extra_msa);
  } else {
    delete_extra_msa(features);
  }
  make_msa_mask(features);
  if (features.contains("extra_msa")) make_msa_mask(features, "extra_");
  // OpenFold crops last. What follows looks at single residues only, so the crop may come first.
  if (mode_config_.fixed_size) {
    const Crop cut = draw_crop(features, mode_config_, sample);
    crop_intermediates(features, cut);
    crop(features, cut);
  } else {
    crop_templates(features, mode_config_.max_templates);
  }
  make_msa_feat(features);
  return select_features(features);
}

std::int64_t FeaturePipeline::recycling_iterations(const SampleKey& sample) const {
  const std::int64_t most = config_.common.max_recycling_iters;
  return mode_config_.uniform_recycling ? RandomStream(sample, Purpose::recycling).integer(0, most) : most;
}

TensorDict FeaturePipeline::sample(const TensorDict& fixed, const SampleKey& key) const {
  const torch::NoGradGuard no_gradients;
  const std::int64_t iterations = recycling_iterations(key);
  const std::int64_t count = iterations + 1;
  const PaddedSize size = padded_size();
  TensorDict batch;
  // Each pass is written into its place at once: batches are tens of megabytes, mostly padding.
  for (std::int64_t pass = 0; pass < count; ++pass) {
    TensorDict features = cropped_pass(fixed, key, static_cast<std::uint32_t>(pass));
    if (pass == 0) {
      for (const auto& [name, tensor] : features) {
        if (varying_features().count(name) == 0) {
          batch[name] = padded(name, tensor, size);
          continue;
        }
        auto shape = padded_shape(name, tensor.sizes(), size);
        shape.insert(shape.begin(), count);
        batch[name] = zeroed_tensor(shape, tensor.scalar_type());
      }
    }
    for (const std::string& name : varying_features()) {
      if (features.contains(name)) copy_to_front(batch[name].select(0, pass), features.at(name));
    }
  }
  for (auto& [name, tensor] : batch) {
    if (varying_features().count(name) != 0) {
      tensor = tensor.movedim(0, -1).unsqueeze(0);
    } else {
      auto shape = tensor.sizes().vec();
      shape.push_back(count);
      tensor = tensor.unsqueeze(-1).expand(shape).unsqueeze(0);
    }
  }
  const bool is_clamped = mode_ == DataMode::train && RandomStream(key, Purpose::clamped_fape).uniform() <
                                                          static_cast<float>(config_.supervised.clamp_prob);
  batch["use_clamped_fape"] = torch::full({1, count}, is_clamped ? 1.0F : 0.0F);
  batch["no_recycling_iters"] = torch::full({1, count}, static_cast<float>(iterations));
  return batch;
}

}  // namespace foldperf::trainer
