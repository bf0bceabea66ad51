#include "trainer/data/expanded_alignment.hpp"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "trainer/data/msa_transforms.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t own_channels = msa_classes + 2;      // residue, has_deletion, deletion_value
constexpr std::int64_t cluster_channels = msa_classes + 1;  // profile, deletion_mean_value
constexpr auto value_scale = static_cast<float>(2.0 / std::numbers::pi);
constexpr float one_row = 1e-6F + 1.0F;  // what OpenFold divides by where a cluster is its sampled row alone

// How OpenFold squeezes a number of deletions into [0, 1).
float deletion_value(float deletions) { return std::atan(deletions / 3.0F) * value_scale; }

// deletion_value of whole numbers: most are small, and an arc tangent takes as long as all else of a residue.
class DeletionValues {
 public:
  DeletionValues() {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = deletion_value(static_cast<float>(i));
  }
  float operator()(std::int16_t deletions) const {
    const auto index = static_cast<std::size_t>(deletions);
    return index < values_.size() ? values_[index] : deletion_value(static_cast<float>(deletions));
  }

 private:
  std::array<float, 256> values_;
};

float has_deletion(std::int16_t deletions) { return deletions > 0 ? 1.0F : 0.0F; }

// A tensor [P, rows, residues, ...] by rows.
template <typename Number>
struct RowsOf {
  Number* data;
  std::int64_t rows, numbers;  // of a pass; of a row
  Number* row(std::int64_t pass, std::int64_t index) const { return data + (pass * rows + index) * numbers; }
};
template <typename Number>
RowsOf<const Number> read_rows(const at::Tensor& tensor) {
  const std::int64_t rows = tensor.size(1);
  return {tensor.const_data_ptr<Number>(), rows, tensor.stride(1)};
}
template <typename Number>
RowsOf<Number> write_rows(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<Number>(), tensor.size(1), tensor.stride(1)};
}

// Calls body(pass, row) for all rows there are.
template <typename Body>
void for_all_rows(const at::Tensor& row_counts, std::int64_t most_rows, const Body& body) {
  const std::int32_t* counts = row_counts.const_data_ptr<std::int32_t>();
  constexpr std::int64_t grain = 16;  // rows that are worth a thread
  at::parallel_for(0, row_counts.numel() * most_rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (i % most_rows < counts[i / most_rows]) body(i / most_rows, i % most_rows);
    }
  });
}

// Channels of each cluster's residues in a row of msa_feat, from own_channels on.
template <typename Count>
void fill_cluster_channels(const CompactSample& sample, const at::Tensor& feat, const at::Tensor& row_counts) {
  const auto members = read_rows<std::int32_t>(sample.varying.at("cluster_members").unsqueeze(-1));
  const auto counts = read_rows<Count>(sample.varying.at("cluster_counts"));
  const auto deletions = read_rows<std::int32_t>(sample.varying.at("cluster_deletions"));
  const auto out = write_rows<float>(feat);
  const std::int64_t length = deletions.numbers, channels = own_channels + cluster_channels;
  for_all_rows(row_counts, counts.rows, [&](std::int64_t pass, std::int64_t row) {
    const float rows = one_row + static_cast<float>(*members.row(pass, row));
    const Count* count = counts.row(pass, row);
    const std::int32_t* deleted = deletions.row(pass, row);
    float* to = out.row(pass, row) + own_channels;
    for (std::int64_t i = 0; i < length; ++i, to += channels, count += msa_classes) {
      for (std::int64_t type = 0; type < msa_classes; ++type) to[type] = static_cast<float>(count[type]) / rows;
      if (deleted[i] != 0) to[msa_classes] = deletion_value(static_cast<float>(deleted[i]) / rows);
    }
  });
}

void fill_sampled_rows(const CompactSample& sample, TensorDict& features) {
  static const DeletionValues value_of;
  const at::Tensor& row_counts = sample.varying.at("msa_rows");
  const auto msa = read_rows<std::uint8_t>(sample.varying.at("msa"));
  const auto true_msa = read_rows<std::uint8_t>(sample.varying.at("true_msa"));
  const auto bert_mask = read_rows<std::uint8_t>(sample.varying.at("bert_mask"));
  const auto deletions = read_rows<std::int16_t>(sample.varying.at("deletions"));
  const auto true_out = write_rows<std::int64_t>(features.at("true_msa"));
  const auto bert_out = write_rows<float>(features.at("bert_mask"));
  const auto mask_out = write_rows<float>(features.at("msa_mask"));
  const auto row_mask_out = write_rows<float>(features.at("msa_row_mask").unsqueeze(-1));
  const auto feat_out = write_rows<float>(features.at("msa_feat"));
  const std::int64_t length = msa.numbers, channels = features.at("msa_feat").size(-1);
  for_all_rows(row_counts, msa.rows, [&](std::int64_t pass, std::int64_t row) {
    *row_mask_out.row(pass, row) = 1;
    std::fill_n(mask_out.row(pass, row), length, 1.0F);
    std::copy_n(true_msa.row(pass, row), length, true_out.row(pass, row));
    std::copy_n(bert_mask.row(pass, row), length, bert_out.row(pass, row));
    const std::uint8_t* residues = msa.row(pass, row);
    const std::int16_t* deleted = deletions.row(pass, row);
    float* to = feat_out.row(pass, row);
    for (std::int64_t i = 0; i < length; ++i, to += channels) {
      to[residues[i]] = 1;
      if (deleted[i] == 0) continue;
      to[msa_classes] = has_deletion(deleted[i]);
      to[msa_classes + 1] = value_of(deleted[i]);
    }
  });
  if (!sample.varying.contains("cluster_counts")) return;
  const at::Tensor& feat = features.at("msa_feat");
  switch (sample.varying.at("cluster_counts").scalar_type()) {
    case at::kByte:
      return fill_cluster_channels<std::uint8_t>(sample, feat, row_counts);
    case at::kShort:
      return fill_cluster_channels<std::int16_t>(sample, feat, row_counts);
    default:
      return fill_cluster_channels<std::int32_t>(sample, feat, row_counts);
  }
}

void fill_extra_rows(const CompactSample& sample, TensorDict& features) {
  static const DeletionValues value_of;
  const auto msa = read_rows<std::uint8_t>(sample.varying.at("extra_msa"));
  const auto deletions = read_rows<std::int16_t>(sample.varying.at("extra_deletions"));
  const auto msa_out = write_rows<std::int64_t>(features.at("extra_msa"));
  const auto mask_out = write_rows<float>(features.at("extra_msa_mask"));
  const auto row_mask_out = write_rows<float>(features.at("extra_msa_row_mask").unsqueeze(-1));
  const auto has_out = write_rows<float>(features.at("extra_has_deletion"));
  const auto value_out = write_rows<float>(features.at("extra_deletion_value"));
  const std::int64_t length = msa.numbers;
  for_all_rows(sample.varying.at("extra_rows"), msa.rows, [&](std::int64_t pass, std::int64_t row) {
    *row_mask_out.row(pass, row) = 1;
    std::fill_n(mask_out.row(pass, row), length, 1.0F);
    std::copy_n(msa.row(pass, row), length, msa_out.row(pass, row));
    const std::int16_t* deleted = deletions.row(pass, row);
    float *has = has_out.row(pass, row), *value = value_out.row(pass, row);
    for (std::int64_t i = 0; i < length; ++i) {
      if (deleted[i] == 0) continue;
      has[i] = has_deletion(deleted[i]);
      value[i] = value_of(deleted[i]);
    }
  });
}

// The residues and rows of a padded feature [P, rows, residues, ...] that a compact one [P, rows, residues] has.
at::Tensor front(const at::Tensor& feature, const at::Tensor& compact) {
  return feature.narrow(1, 0, compact.size(1)).narrow(2, 0, compact.size(2));
}
at::Tensor value_by_operators(const at::Tensor& deletions) { return at::atan(deletions / 3.0).mul_(value_scale); }

// Sets the mask of rows [P, rows] and that of residues [P, rows, residues].
void set_masks(const at::Tensor& row_counts, at::Tensor row_mask, at::Tensor mask, std::int64_t length) {
  row_mask.copy_(torch::arange(row_mask.size(1), row_counts.options()) < row_counts.unsqueeze(-1));
  mask.narrow(2, 0, length).copy_(row_mask.unsqueeze(-1).expand({-1, -1, length}));
}

}  // namespace

std::vector<AlignmentFeature> expanded_features(const CompactSample& sample) {
  const auto or_else = [](std::int64_t wanted, std::int64_t is) { return wanted == 0 ? is : wanted; };
  const at::Tensor& msa = sample.varying.at("msa");
  const std::int64_t passes = msa.size(0), rows = or_else(sample.size.msa_rows, msa.size(1)),
                     residues = or_else(sample.size.residues, msa.size(2));
  const bool has_clusters = sample.varying.contains("cluster_counts");
  const std::int64_t channels = own_channels + (has_clusters ? cluster_channels : 0);
  std::vector<AlignmentFeature> features = {{"bert_mask", torch::kFloat32, {passes, rows, residues}},
                                            {"msa_feat", torch::kFloat32, {passes, rows, residues, channels}},
                                            {"msa_mask", torch::kFloat32, {passes, rows, residues}},
                                            {"msa_row_mask", torch::kFloat32, {passes, rows}},
                                            {"true_msa", torch::kInt64, {passes, rows, residues}}};
  if (sample.varying.contains("extra_msa")) {
    const std::int64_t extra = or_else(sample.size.extra_msa_rows, sample.varying.at("extra_msa").size(1));
    for (const char* name : {"extra_deletion_value", "extra_has_deletion", "extra_msa_mask"})
      features.push_back({name, torch::kFloat32, {passes, extra, residues}});
    features.push_back({"extra_msa", torch::kInt64, {passes, extra, residues}});
    features.push_back({"extra_msa_row_mask", torch::kFloat32, {passes, extra}});
  }
  return features;
}

void fill_by_loops(const CompactSample& sample, TensorDict& features) {
  fill_sampled_rows(sample, features);
  if (features.contains("extra_msa")) fill_extra_rows(sample, features);
}

void fill_by_operators(const CompactSample& sample, TensorDict& features) {
  const TensorDict& compact = sample.varying;
  const at::Tensor& msa = compact.at("msa");
  const std::int64_t length = msa.size(2);
  set_masks(compact.at("msa_rows"), features.at("msa_row_mask"), features.at("msa_mask"), length);
  front(features.at("true_msa"), msa).copy_(compact.at("true_msa"));
  front(features.at("bert_mask"), msa).copy_(compact.at("bert_mask"));
  const at::Tensor feat = front(features.at("msa_feat"), msa);  // [P, S, L, channels]
  feat.narrow(-1, 0, msa_classes).copy_(msa.unsqueeze(-1) == torch::arange(msa_classes, msa.options()));
  const at::Tensor deletions = compact.at("deletions").to(torch::kFloat32);
  feat.select(-1, msa_classes).copy_(deletions.clamp_max(1));
  feat.select(-1, msa_classes + 1).copy_(value_by_operators(deletions));
  if (compact.contains("cluster_counts")) {
    const at::Tensor rows = (compact.at("cluster_members").to(torch::kFloat32) + one_row).unsqueeze(-1);
    feat.narrow(-1, own_channels, msa_classes)
        .copy_(compact.at("cluster_counts").to(torch::kFloat32).div_(rows.unsqueeze(-1)));
    feat.select(-1, own_channels + msa_classes)
        .copy_(value_by_operators(compact.at("cluster_deletions").to(torch::kFloat32).div_(rows)));
  }
  if (!features.contains("extra_msa")) return;
  const at::Tensor& extra = compact.at("extra_msa");
  set_masks(compact.at("extra_rows"), features.at("extra_msa_row_mask"), features.at("extra_msa_mask"), length);
  front(features.at("extra_msa"), extra).copy_(extra);
  const at::Tensor extra_deletions = compact.at("extra_deletions").to(torch::kFloat32);
  front(features.at("extra_has_deletion"), extra).copy_(extra_deletions.clamp_max(1));
  front(features.at("extra_deletion_value"), extra).copy_(value_by_operators(extra_deletions));
}

}  // namespace foldperf::trainer
