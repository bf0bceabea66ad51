#include "trainer/data/msa_transforms.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "trainer/data/byte_rows.hpp"
#include "trainer/protein/residue_types.hpp"

// Plain loops rather than tensor operations: batches are prepared on threads of their own beside the training thread,
// and LibTorch would start a team of threads for each of them.
namespace foldperf::trainer {

namespace {

constexpr std::int64_t msa_classes = 23;  // residues, unknown, gap, mask
constexpr std::array<const char*, 6> row_features = {"msa",          "deletion_matrix", "msa_mask",
                                                     "msa_row_mask", "bert_mask",       "true_msa"};

// Rows of a contiguous tensor, copied byte-wise.
at::Tensor select_rows(const at::Tensor& tensor, const std::int64_t* rows, std::int64_t count) {
  const at::Tensor source = tensor.contiguous();
  auto shape = source.sizes().vec();
  const auto row_bytes =
      static_cast<std::size_t>(source.numel() / std::max<std::int64_t>(shape[0], 1)) * source.element_size();
  const std::int64_t depth = shape[0];
  shape[0] = count;
  at::Tensor result = torch::empty(shape, source.options());
  const auto* from = static_cast<const char*>(source.const_data_ptr());
  auto* to = static_cast<char*>(result.mutable_data_ptr());
  for (std::int64_t i = 0; i < count; ++i) {
    if (rows[i] < 0 || rows[i] >= depth)
      throw Error("no row " + std::to_string(rows[i]) + " in an alignment of " + std::to_string(depth));
    const char* row = from + static_cast<std::size_t>(rows[i]) * row_bytes;
    std::copy(row, row + row_bytes, to + static_cast<std::size_t>(i) * row_bytes);
  }
  return result;
}

// How OpenFold squeezes a number of deletions into [0, 1).
float deletion_value(float deletions) {
  return std::atan(deletions / 3.0F) * static_cast<float>(2.0 / std::numbers::pi);
}
float has_deletion(float deletions) { return std::clamp(deletions, 0.0F, 1.0F); }

template <typename Function>
at::Tensor map_floats(const at::Tensor& tensor, Function&& function) {
  const at::Tensor source = tensor.contiguous();
  at::Tensor result = torch::empty(source.sizes(), torch::kFloat32);
  const float* from = source.const_data_ptr<float>();
  std::transform(from, from + source.numel(), result.mutable_data_ptr<float>(), function);
  return result;
}

// Rows in this order: the first max_seq stay, the others become the extra features.
void split_rows(TensorDict& features, const Rows& order, std::int64_t max_seq, bool keep_extra) {
  const auto depth = static_cast<std::int64_t>(order.size());
  const std::int64_t sampled = std::min(max_seq, depth);
  for (const char* name : row_features) {
    if (!features.contains(name)) continue;
    const at::Tensor whole = features.at(name);
    if (keep_extra)
      features[std::string("extra_") + name] = select_rows(whole, order.data() + sampled, depth - sampled);
    features[name] = select_rows(whole, order.data(), sampled);
  }
}

}  // namespace

void correct_msa_restypes(TensorDict& features) {
  const at::Tensor source = features.at("msa").to(torch::kInt64).contiguous();
  at::Tensor result = torch::empty_like(source);
  const std::int64_t* from = source.const_data_ptr<std::int64_t>();
  std::transform(from, from + source.numel(), result.mutable_data_ptr<std::int64_t>(),
                 [](std::int64_t residue) { return hhblits_to_residue()[static_cast<std::size_t>(residue)]; });
  features["msa"] = result;
}

void make_msa_mask(TensorDict& features, const std::string& prefix) {
  const auto shape = features.at(prefix + "msa").sizes();
  features[prefix + "msa_mask"] = torch::ones(shape, torch::kFloat32);
  features[prefix + "msa_row_mask"] = torch::ones({shape[0]}, torch::kFloat32);
}

void make_hhblits_profile(TensorDict& features) {
  const at::Tensor msa = features.at("msa").contiguous();
  const std::int64_t depth = msa.size(0), length = msa.size(1), classes = msa_classes - 1;
  const std::int64_t* residues = msa.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(length * classes), 0);
  for (std::int64_t row = 0; row < depth; ++row) {
    for (std::int64_t i = 0; i < length; ++i)
      ++counts[static_cast<std::size_t>(i * classes + residues[row * length + i])];
  }
  at::Tensor profile = torch::empty({length, classes}, torch::kFloat32);
  std::transform(counts.begin(), counts.end(), profile.mutable_data_ptr<float>(),
                 [depth](std::int64_t count) { return static_cast<float>(count) / static_cast<float>(depth); });
  features["hhblits_profile"] = profile;
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

void keep_rows(TensorDict& features, const Rows& rows, bool extra) {
  for (const char* name : row_features) {
    const std::string key = extra ? std::string("extra_") + name : name;
    if (features.contains(key))
      features[key] = select_rows(features.at(key), rows.data(), static_cast<std::int64_t>(rows.size()));
  }
}

void sample_msa(TensorDict& features, const Rows& permutation, std::int64_t max_seq, bool keep_extra) {
  Rows order = {0};
  for (const std::int64_t row : permutation) order.push_back(row + 1);
  split_rows(features, order, max_seq, keep_extra);
}

void sample_msa_of(TensorDict& features, const Rows& kept, const Rows& permutation, std::int64_t max_seq) {
  Rows order = {kept.front()};
  for (const std::int64_t row : permutation) order.push_back(kept[static_cast<std::size_t>(row + 1)]);
  split_rows(features, order, max_seq, true);
}

at::Tensor masked_msa_probabilities(const TensorDict& features, const MaskedMsaConfig& config) {
  const at::Tensor msa = features.at("msa").contiguous();
  const at::Tensor profile = features.at("hhblits_profile").contiguous();
  const std::int64_t rows = msa.size(0), length = msa.size(1), classes = msa_classes - 1;
  at::Tensor result = torch::empty({rows, length, msa_classes}, torch::kFloat32);
  const std::int64_t* residues = msa.const_data_ptr<std::int64_t>();
  const float* shares = profile.const_data_ptr<float>();
  float* out = result.mutable_data_ptr<float>();
  const auto uniform = static_cast<float>(config.uniform_prob) * 0.05F;
  const auto by_profile = static_cast<float>(config.profile_prob);
  const auto same = static_cast<float>(config.same_prob);
  const auto token = static_cast<float>(1.0 - config.profile_prob - config.same_prob - config.uniform_prob);
  for (std::int64_t place = 0; place < rows * length; ++place, out += msa_classes) {
    const float* share = shares + (place % length) * classes;
    for (std::int64_t c = 0; c < classes; ++c) {
      out[c] = (c < residue_type_count ? uniform : 0.0F) + by_profile * share[c] + (c == residues[place] ? same : 0.0F);
    }
    out[classes] = token;
  }
  return result;
}

void make_masked_msa(TensorDict& features, const at::Tensor& uniform, const at::Tensor& replacement,
                     double replace_fraction) {
  const at::Tensor original = features.at("msa").contiguous();
  at::Tensor masked = original.clone();
  at::Tensor bert_mask = torch::zeros(original.sizes(), torch::kFloat32);
  const at::Tensor draws = uniform.contiguous();
  const at::Tensor new_residues = replacement.contiguous();
  const float* draw = draws.const_data_ptr<float>();
  const std::int64_t* residue = new_residues.const_data_ptr<std::int64_t>();
  std::int64_t* out = masked.mutable_data_ptr<std::int64_t>();
  float* mask = bert_mask.mutable_data_ptr<float>();
  const auto limit = static_cast<float>(replace_fraction);
  for (std::int64_t i = 0; i < original.numel(); ++i) {
    if (!(draw[i] < limit)) continue;
    out[i] = residue[i];
    mask[i] = 1;
  }
  features["true_msa"] = original;
  features["msa"] = masked;
  features["bert_mask"] = bert_mask;
}

void nearest_neighbor_clusters(TensorDict& features) {
  const ByteRows centers(features.at("msa"), gap_residue, 0xFF), others(features.at("extra_msa"), gap_residue, 0xFE);
  at::Tensor assignment = torch::empty({others.rows()}, torch::kInt64);
  std::int64_t* out = assignment.mutable_data_ptr<std::int64_t>();
  for (std::int64_t e = 0; e < others.rows(); ++e) out[e] = most_alike(centers, others.row(e));
  features["extra_cluster_assignment"] = assignment;
}

void summarize_clusters(TensorDict& features) {
  const at::Tensor msa = features.at("msa").contiguous(), extra_msa = features.at("extra_msa").contiguous();
  const at::Tensor deletions = features.at("deletion_matrix").contiguous();
  const at::Tensor extra_deletions = features.at("extra_deletion_matrix").contiguous();
  const at::Tensor assignment = features.at("extra_cluster_assignment").contiguous();
  const std::int64_t clusters = msa.size(0), length = msa.size(1), extra = extra_msa.size(0);

  at::Tensor profile = torch::zeros({clusters, length, msa_classes}, torch::kFloat32);
  at::Tensor deletion_mean = deletions.clone();
  std::vector<std::int64_t> members(static_cast<std::size_t>(clusters), 0);
  float* profiles = profile.mutable_data_ptr<float>();
  float* deleted = deletion_mean.mutable_data_ptr<float>();
  const auto add_row = [&](std::int64_t cluster, const std::int64_t* residues) {
    float* out = profiles + cluster * length * msa_classes;
    for (std::int64_t i = 0; i < length; ++i) out[i * msa_classes + residues[i]] += 1;
  };
  for (std::int64_t s = 0; s < clusters; ++s) add_row(s, msa.const_data_ptr<std::int64_t>() + s * length);
  const std::int64_t* cluster_of = assignment.const_data_ptr<std::int64_t>();
  for (std::int64_t e = 0; e < extra; ++e) {
    const std::int64_t cluster = cluster_of[e];
    add_row(cluster, extra_msa.const_data_ptr<std::int64_t>() + e * length);
    const float* row = extra_deletions.const_data_ptr<float>() + e * length;
    for (std::int64_t i = 0; i < length; ++i) deleted[cluster * length + i] += row[i];
    ++members[static_cast<std::size_t>(cluster)];
  }
  for (std::int64_t s = 0; s < clusters; ++s) {
    const float count =
        (1e-6F + 1.0F) + static_cast<float>(members[static_cast<std::size_t>(s)]);  // the center counts too
    for (std::int64_t i = s * length * msa_classes; i < (s + 1) * length * msa_classes; ++i) profiles[i] /= count;
    for (std::int64_t i = s * length; i < (s + 1) * length; ++i) deleted[i] /= count;
  }
  features["cluster_profile"] = profile;
  features["cluster_deletion_mean"] = deletion_mean;
}

void crop_extra_msa(TensorDict& features, const Rows& permutation, std::int64_t max_extra_msa) {
  const auto kept = std::min<std::size_t>(permutation.size(), static_cast<std::size_t>(max_extra_msa));
  keep_rows(features, Rows(permutation.begin(), permutation.begin() + static_cast<std::ptrdiff_t>(kept)), true);
}

void delete_extra_msa(TensorDict& features) {
  for (const char* name : row_features) features.erase(std::string("extra_") + name);
}

void make_msa_feat(TensorDict& features) {
  const at::Tensor aatype = features.at("aatype").contiguous();
  const at::Tensor breaks = features.at("between_segment_residues").to(torch::kFloat32).contiguous();
  const std::int64_t length = aatype.size(0), target_channels = residue_type_count + 2;
  at::Tensor target = torch::zeros({length, target_channels}, torch::kFloat32);
  float* target_row = target.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < length; ++i, target_row += target_channels) {
    target_row[0] = std::clamp(breaks.const_data_ptr<float>()[i], 0.0F, 1.0F);
    target_row[1 + aatype.const_data_ptr<std::int64_t>()[i]] = 1;
  }

  const at::Tensor msa = features.at("msa").contiguous(), deletions = features.at("deletion_matrix").contiguous();
  const bool has_clusters = features.contains("cluster_profile");
  const at::Tensor profile = has_clusters ? features.at("cluster_profile").contiguous() : at::Tensor();
  const at::Tensor deletion_mean = has_clusters ? features.at("cluster_deletion_mean").contiguous() : at::Tensor();
  const std::int64_t channels = msa_classes + 2 + (has_clusters ? msa_classes + 1 : 0);
  at::Tensor feat = torch::zeros({msa.size(0), length, channels}, torch::kFloat32);
  float* out = feat.mutable_data_ptr<float>();
  for (std::int64_t place = 0; place < msa.numel(); ++place, out += channels) {
    out[msa.const_data_ptr<std::int64_t>()[place]] = 1;
    const float deleted = deletions.const_data_ptr<float>()[place];
    out[msa_classes] = has_deletion(deleted);
    out[msa_classes + 1] = deletion_value(deleted);
    if (!has_clusters) continue;
    const float* shares = profile.const_data_ptr<float>() + place * msa_classes;
    std::copy(shares, shares + msa_classes, out + msa_classes + 2);
    out[channels - 1] = deletion_value(deletion_mean.const_data_ptr<float>()[place]);
  }
  if (features.contains("extra_deletion_matrix")) {
    features["extra_has_deletion"] = map_floats(features.at("extra_deletion_matrix"), has_deletion);
    features["extra_deletion_value"] = map_floats(features.at("extra_deletion_matrix"), deletion_value);
  }
  features["target_feat"] = target;
  features["msa_feat"] = feat;
}

}  // namespace foldperf::trainer
