#include "tests/trainer/data/plain_sample.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "trainer/data/feature_schema.hpp"

namespace foldperf::testing {

namespace {

using trainer::DataModeConfig;
using trainer::Dimension;
using trainer::Purpose;
using trainer::RandomStream;
using trainer::TensorDict;

constexpr std::int64_t types = 23;  // 20 residues, unknown, gap, mask

const DataModeConfig& mode_of(const trainer::DataConfig& config, trainer::DataMode mode) {
  if (mode == trainer::DataMode::train) return config.train;
  return mode == trainer::DataMode::eval ? config.eval : config.predict;
}

at::Tensor indices(const std::vector<std::int64_t>& values) { return torch::tensor(values, torch::kInt64); }

// The first row, then the others in this order.
at::Tensor query_first(const std::vector<std::int64_t>& permutation) {
  return at::cat({torch::zeros({1}, torch::kInt64), indices(permutation) + 1});
}

// Rows that five random blocks leave.
at::Tensor kept_rows(RandomStream draws, std::int64_t depth, const trainer::BlockDeleteMsaConfig& config) {
  const auto size =
      static_cast<std::int64_t>(static_cast<float>(depth) * static_cast<float>(config.msa_fraction_per_block));
  at::Tensor keep = torch::ones({depth}, torch::kBool);
  if (size > 0 && depth > 1) {
    const std::int64_t blocks = config.randomize_num_blocks ? draws.integer(0, config.num_blocks) : config.num_blocks;
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t start = draws.integer(1, depth - 1);
      keep.slice(0, start, std::min(start + size, depth)).fill_(false);
    }
  }
  return keep.nonzero().squeeze(-1);
}

at::Tensor deletion_value(const at::Tensor& deletions) {
  at::Tensor value = torch::empty_like(deletions);
  const at::Tensor flat = deletions.flatten().contiguous();
  for (std::int64_t i = 0; i < flat.numel(); ++i)
    value.data_ptr<float>()[i] =
        std::atan(flat.data_ptr<float>()[i] / 3.0F) * static_cast<float>(2.0 / std::numbers::pi);
  return value;
}

// What masked positions become: msa [S, L], uniform [S, L].
at::Tensor masked(const at::Tensor& msa, const at::Tensor& is_masked, const at::Tensor& profile,
                  const trainer::MaskedMsaConfig& config, RandomStream draws) {
  at::Tensor uniform = torch::zeros({types - 1}, torch::kFloat32);
  uniform.slice(0, 0, 20).fill_(static_cast<float>(config.uniform_prob) * 0.05F);
  const at::Tensor same = at::one_hot(msa, types - 1).to(torch::kFloat32) * static_cast<float>(config.same_prob);
  const at::Tensor shares = uniform + static_cast<float>(config.profile_prob) * profile + same;  // [S, L, 22]
  const auto token = static_cast<float>(1.0 - config.profile_prob - config.same_prob - config.uniform_prob);
  const at::Tensor all = at::cat({shares, torch::full_like(shares.narrow(-1, 0, 1), token)}, -1).contiguous();
  at::Tensor result = msa.clone();
  for (std::int64_t i = 0; i < msa.numel(); ++i) {
    if (!is_masked.data_ptr<bool>()[i]) continue;
    const float* share = all.data_ptr<float>() + i * types;
    float sum = 0;
    for (std::int64_t type = 0; type < types; ++type) sum += share[type];
    float rest = draws.uniform() * sum;
    std::int64_t chosen = 0;
    while (chosen + 1 < types && rest >= share[chosen]) rest -= share[chosen++];
    while (chosen > 0 && share[chosen] == 0) --chosen;
    result.data_ptr<std::int64_t>()[i] = chosen;
  }
  return result;
}

// For each extra row the first of the rows that share most residues with it.
at::Tensor nearest(const at::Tensor& msa, const at::Tensor& extra) {
  at::Tensor assignment = torch::zeros({extra.size(0)}, torch::kInt64);
  for (std::int64_t e = 0; e < extra.size(0); ++e) {
    const at::Tensor shared = ((msa == extra[e]) & (extra[e] < 21)).sum(-1);
    assignment[e] = (shared == shared.max()).nonzero()[0][0];
  }
  return assignment;
}

// What a pass alone determines, over the whole chain.
TensorDict alignment_pass(const trainer::DataConfig& config, const DataModeConfig& mode, const TensorDict& fixed,
                          const trainer::SampleKey& key, std::uint32_t pass) {
  const auto stream = [&](Purpose purpose) { return RandomStream(key, purpose, pass); };
  const trainer::DataCommonConfig& common = config.common;
  at::Tensor msa = fixed.at("msa").to(torch::kInt64);
  at::Tensor deletions = fixed.at("deletion_matrix_int").to(torch::kFloat32);
  const auto choose = [&](const at::Tensor& rows) {
    msa = msa.index_select(0, rows);
    deletions = deletions.index_select(0, rows);
  };
  if (mode.block_delete_msa) choose(kept_rows(stream(Purpose::block_deletion), msa.size(0), common.block_delete_msa));
  const bool is_distillation = fixed.contains("is_distillation") && fixed.at("is_distillation").item<float>() == 1.0F;
  if (is_distillation && mode.max_distillation_msa_clusters > 0) {
    choose(query_first(stream(Purpose::distillation_sample).permutation(msa.size(0) - 1))
               .slice(0, 0, mode.max_distillation_msa_clusters));
  }
  choose(query_first(stream(Purpose::sample_msa).permutation(msa.size(0) - 1)));
  const std::int64_t clusters = std::max<std::int64_t>(
      1, mode.max_msa_clusters - (common.reduce_msa_clusters_by_max_templates ? mode.max_templates : 0));
  at::Tensor extra = msa.slice(0, clusters), extra_deletions = deletions.slice(0, clusters);
  const at::Tensor true_msa = msa.slice(0, 0, clusters).contiguous();
  deletions = deletions.slice(0, 0, clusters);

  at::Tensor uniform = torch::empty(true_msa.sizes(), torch::kFloat32);
  RandomStream positions = stream(Purpose::masked_positions);
  for (std::int64_t i = 0; i < uniform.numel(); ++i) uniform.data_ptr<float>()[i] = positions.uniform();
  const at::Tensor is_masked = uniform < static_cast<float>(mode.masked_msa_replace_fraction);
  const at::Tensor model_msa =
      masked(true_msa, is_masked, fixed.at("hhblits_profile"), common.masked_msa, stream(Purpose::masked_residues));
  const at::Tensor one_hot = at::one_hot(model_msa, types).to(torch::kFloat32);
  std::vector<at::Tensor> channels = {one_hot, deletions.clamp(0, 1).unsqueeze(-1),
                                      deletion_value(deletions).unsqueeze(-1)};
  if (common.msa_cluster_features) {
    const at::Tensor assignment = nearest(model_msa, extra);
    const at::Tensor rows =
        torch::full({model_msa.size(0)}, 1e-6F + 1.0F).index_add(0, assignment, torch::ones({extra.size(0)}));
    const at::Tensor counts = one_hot.index_add(0, assignment, at::one_hot(extra, types).to(torch::kFloat32));
    const at::Tensor sums = deletions.index_add(0, assignment, extra_deletions);
    channels.push_back(counts / rows.view({-1, 1, 1}));
    channels.push_back(deletion_value(sums / rows.unsqueeze(-1)).unsqueeze(-1));
  }
  TensorDict features = {{"true_msa", true_msa},
                         {"bert_mask", is_masked.to(torch::kFloat32)},
                         {"msa_feat", at::cat(channels, -1)},
                         {"msa_mask", torch::ones(true_msa.sizes())},
                         {"msa_row_mask", torch::ones({true_msa.size(0)})}};
  if (mode.max_extra_msa > 0) {
    const at::Tensor kept =
        indices(stream(Purpose::crop_extra_msa).permutation(extra.size(0))).slice(0, 0, mode.max_extra_msa);
    extra = extra.index_select(0, kept);
    extra_deletions = extra_deletions.index_select(0, kept);
    features["extra_msa"] = extra;
    features["extra_msa_mask"] = torch::ones(extra.sizes());
    features["extra_msa_row_mask"] = torch::ones({extra.size(0)});
    features["extra_has_deletion"] = extra_deletions.clamp(0, 1);
    features["extra_deletion_value"] = deletion_value(extra_deletions);
  }
  return features;
}

// Crops and fills up the features of a pass.
class Cutter {
 public:
  Cutter(const trainer::DataConfig& config, const DataModeConfig& mode, const TensorDict& fixed,
         const trainer::SampleKey& key)
      : is_fixed_size_(mode.fixed_size), size_(fixed.at("aatype").size(0)) {
    const std::int64_t length = size_;
    const std::int64_t templates = fixed.contains("template_mask") ? fixed.at("template_mask").size(0) : 0;
    templates_ = torch::arange(templates, torch::kInt64);
    std::int64_t first = 0;
    if (is_fixed_size_) {
      RandomStream draws(key, Purpose::crop);
      if (mode.crop_size > 0) size_ = std::min(size_, mode.crop_size);
      if (mode.subsample_templates && templates > 0) {
        first = draws.integer(0, templates);
        templates_ = indices(draws.permutation(templates));
      }
      const std::int64_t shift = draws.integer(0, length - size_);
      start_ = draws.integer(0, length - size_ - shift);
      const std::int64_t taken = config.common.reduce_msa_clusters_by_max_templates ? mode.max_templates : 0;
      padded_ = {{Dimension::residues, mode.crop_size},
                 {Dimension::msa_rows, std::max<std::int64_t>(1, mode.max_msa_clusters - taken)},
                 {Dimension::extra_msa_rows, mode.max_extra_msa},
                 {Dimension::templates, mode.max_templates}};
    }
    templates_ = templates_.slice(0, first, first + mode.max_templates);
  }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] at::Tensor operator()(const std::string& name, at::Tensor tensor) const {
    const auto& dimensions = trainer::feature_schema().at(name);
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      const auto dim = static_cast<std::int64_t>(i);
      if (dimensions[i] == Dimension::residues) tensor = tensor.narrow(dim, start_, size_);
      if (dimensions[i] == Dimension::templates) tensor = tensor.index_select(dim, templates_);
      const auto wanted = padded_.find(dimensions[i]);
      if (wanted == padded_.end() || wanted->second == 0) continue;
      auto missing = tensor.sizes().vec();
      missing[i] = wanted->second - missing[i];
      tensor = at::cat({tensor, torch::zeros(missing, tensor.options())}, dim);
    }
    return tensor;
  }

 private:
  bool is_fixed_size_;
  std::int64_t start_ = 0, size_;
  at::Tensor templates_;
  std::map<Dimension, std::int64_t> padded_;
};

}  // namespace

TensorDict plain_sample(const trainer::DataConfig& config, trainer::DataMode mode, const TensorDict& fixed,
                        const trainer::SampleKey& key) {
  const DataModeConfig& mode_config = mode_of(config, mode);
  const std::int64_t iterations =
      mode_config.uniform_recycling
          ? RandomStream(key, Purpose::recycling).integer(0, config.common.max_recycling_iters)
          : config.common.max_recycling_iters;
  const Cutter cut(config, mode_config, fixed, key);
  std::map<std::string, std::vector<at::Tensor>> passes;
  for (std::int64_t pass = 0; pass <= iterations; ++pass) {
    TensorDict features = fixed;
    const auto drawn = static_cast<std::uint32_t>(config.common.resample_msa_in_recycling ? pass : 0);
    for (auto& [name, tensor] : alignment_pass(config, mode_config, fixed, key, drawn)) features[name] = tensor;
    for (const auto& [name, tensor] : features) {
      if (trainer::feature_schema().count(name) != 0 && name != "seq_length") passes[name].push_back(cut(name, tensor));
    }
    passes["seq_length"].push_back(torch::full({}, cut.size(), torch::kInt64));
    const bool is_clamped = mode == trainer::DataMode::train && RandomStream(key, Purpose::clamped_fape).uniform() <
                                                                    static_cast<float>(config.supervised.clamp_prob);
    passes["use_clamped_fape"].push_back(torch::full({}, is_clamped ? 1.0F : 0.0F));
    passes["no_recycling_iters"].push_back(torch::full({}, static_cast<float>(iterations)));
  }
  TensorDict sample;
  for (const auto& [name, tensors] : passes) sample[name] = at::stack(tensors, -1).unsqueeze(0);
  return sample;
}

}  // namespace foldperf::testing
