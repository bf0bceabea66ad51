// The random transforms with OpenFold's draws put in: everything but the draw must come out as OpenFold's.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/data/data_files.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/data/sample_assembly.hpp"
#include "trainer/input/alignment_file.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::testing {
namespace {

using trainer::Rows;
using trainer::TensorDict;

Rows to_rows(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(torch::kInt64).contiguous();
  return {flat.const_data_ptr<std::int64_t>(), flat.const_data_ptr<std::int64_t>() + flat.numel()};
}

// Compares every golden tensor of a stage: integers exactly.
void expect_stage(const TensorDict& golden, const std::string& stage, const TensorDict& features,
                  const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!golden.contains(stage + "." + name)) continue;
    const at::Tensor& expected = golden.at(stage + "." + name);
    ASSERT_TRUE(features.contains(name)) << stage << "." << name;
    if (expected.is_floating_point()) {
      expect_close(stage + "." + name, features.at(name), expected, element_wise_limit);
    } else {
      expect_equal(stage + "." + name, features.at(name), expected);
    }
  }
}

// The settings of the random transforms, from the file's entry in the manifest under OpenFold's names. The set at hand
// has no such entry: its files are assumed to be made with our defaults, which are those of OpenFold's initial_training
// (blocks of 0.3 of the rows; 0.1 each for profile, same and uniform; 0.15 of the positions replaced). The other
// settings (sizes of clusters, extra rows and crop) stand in the files themselves.
trainer::DataConfig settings(const std::string& name) {
  trainer::DataConfig config;
  const nlohmann::json entry = manifest_entry(golden_dir() / "features" / (name + ".pt"));
  const auto take = [&entry](const char* key, double& value) { value = find_number(entry, key).value_or(value); };
  take("msa_fraction_per_block", config.common.block_delete_msa.msa_fraction_per_block);
  take("profile_prob", config.common.masked_msa.profile_prob);
  take("same_prob", config.common.masked_msa.same_prob);
  take("uniform_prob", config.common.masked_msa.uniform_prob);
  take("masked_msa_replace_fraction", config.train.masked_msa_replace_fraction);
  return config;
}

class GoldenRandom : public ::testing::TestWithParam<std::string> {
 protected:
  // The fixed features of the case: with coordinates where it has a structure.
  static TensorDict fixed_features(const std::string& name) {
    trainer::DataConfig config;
    config.common.use_templates = false;
    const auto folder = find_alignments(name);
    if (!folder) throw InputError(data_dir().string(), "has no alignment folder " + name);
    const auto [entry, chain_id] = split_chain_name(name);
    TensorDict raw;
    std::string sequence;
    if (const auto path = find_structure(entry)) {
      trainer::StructureOptions options;
      options.repeat_heterogeneous_residues = true;
      const trainer::StructureEntry structure = trainer::read_structure(*path, options);
      const trainer::ProteinChain& chain = trainer::find_chain(structure, chain_id);
      sequence = chain.sequence;
      raw = trainer::structure_features(chain);
    } else {
      sequence = trainer::parse_alignment(alignments_in(*folder).front()).row(0);
      raw = trainer::sequence_features(sequence);
    }
    for (auto& [key, tensor] : alignment_features_in(*folder, sequence)) raw[key] = tensor;
    return trainer::FeaturePipeline(config, trainer::DataMode::train).fixed_transforms(raw);
  }
};

// A choice of rows, as OpenFold's features: prefix "" or "extra_".
TensorDict rows_as_features(const TensorDict& fixed, const Rows& rows, const std::string& prefix = "") {
  const at::Tensor index = torch::tensor(rows, torch::kInt64);
  return {{prefix + "msa", fixed.at("msa").index_select(0, index)},
          {prefix + "deletion_matrix", fixed.at("deletion_matrix_int").index_select(0, index)}};
}

// What a compact sample of one pass becomes, without the dimensions of batch and passes.
TensorDict expanded(const trainer::CompactSample& sample) {
  return trainer::map_tensors(trainer::expand(sample, torch::kCPU),
                              [](const at::Tensor& tensor) { return tensor.select(-1, 0).select(0, 0); });
}

TEST_P(GoldenRandom, EveryStageGivenItsDraws) {
  const TensorDict golden = load_golden("features", "random_" + GetParam());
  const trainer::DataConfig config = settings("random_" + GetParam());
  const TensorDict fixed = fixed_features(GetParam());
  const trainer::AlignmentView alignment = trainer::alignment_view(fixed);
  Rows all(static_cast<std::size_t>(alignment.depth));
  std::iota(all.begin(), all.end(), std::int64_t{0});

  if (golden.contains("block_delete.starts")) {
    ASSERT_EQ(alignment.depth, golden.at("block_delete.num_seq_in").item<std::int64_t>());
    const std::int64_t block =
        trainer::deletion_block_size(alignment.depth, config.common.block_delete_msa.msa_fraction_per_block);
    const Rows kept =
        trainer::rows_after_block_deletion(alignment.depth, block, to_rows(golden.at("block_delete.starts")));
    expect_stage(golden, "block_delete", rows_as_features(fixed, kept), {"msa", "deletion_matrix"});
  }

  trainer::PassRows pass;
  const std::int64_t clusters = golden.at("sample_msa.max_seq").item<std::int64_t>();
  trainer::sample_rows(pass, trainer::permuted_rows(all, to_rows(golden.at("sample_msa.randperm"))), clusters);
  const Rows sampled(pass.rows.begin(), pass.rows.begin() + pass.sampled);
  const Rows others(pass.rows.begin() + pass.sampled, pass.rows.end());
  expect_stage(golden, "sample_msa", rows_as_features(fixed, sampled), {"msa", "deletion_matrix"});
  expect_stage(golden, "sample_msa", rows_as_features(fixed, others, "extra_"), {"extra_msa", "extra_deletion_matrix"});

  const trainer::ReplacementShares shares(fixed.at("hhblits_profile"), config.common.masked_msa);
  const at::Tensor probabilities =
      torch::empty({pass.sampled, alignment.length, trainer::msa_classes}, torch::kFloat32);
  auto share = probabilities.accessor<float, 3>();
  for (std::int64_t s = 0; s < pass.sampled; ++s) {
    for (std::int64_t i = 0; i < alignment.length; ++i) {
      const std::uint8_t residue = alignment.row(sampled[static_cast<std::size_t>(s)])[i];
      for (std::int64_t type = 0; type < trainer::msa_classes; ++type)
        share[s][i][type] = shares.share(i, residue, type);
    }
  }
  expect_close("categorical_probs", probabilities, golden.at("masked_msa.categorical_probs"), element_wise_limit);
  const at::Tensor uniform = golden.at("masked_msa.uniform").flatten();
  const at::Tensor places =
      (uniform < static_cast<float>(config.train.masked_msa_replace_fraction)).nonzero().squeeze(-1);
  trainer::MaskedPlaces masked;
  masked.places = to_rows(places);
  for (const std::int64_t residue : to_rows(golden.at("masked_msa.categorical").flatten().index_select(0, places)))
    masked.replacements.push_back(static_cast<std::uint8_t>(residue));
  trainer::mask_rows(pass, alignment, std::move(masked));
  const at::Tensor msa = torch::from_blob(pass.msa.data(), {pass.sampled, alignment.length}, torch::kUInt8);

  trainer::find_clusters(pass, alignment);
  trainer::crop_extra_rows(pass, to_rows(golden.at("crop_extra.randperm")),
                           golden.at("crop_extra.max_extra_msa").item<std::int64_t>());

  // The whole chain, as it is.
  trainer::Crop crop;
  crop.size = alignment.length;
  const trainer::CompactSample compact = trainer::assemble_sample(fixed, alignment, {pass}, crop, {}, {});
  TensorDict features = expanded(compact);
  features["msa"] = msa;
  features["hhblits_profile"] = fixed.at("hhblits_profile");
  expect_stage(golden, "masked_msa", features, {"msa", "bert_mask", "true_msa", "hhblits_profile"});
  features["extra_cluster_assignment"] = torch::tensor(pass.cluster_of, torch::kInt64);
  features["cluster_profile"] = features.at("msa_feat").narrow(-1, trainer::msa_classes + 2, trainer::msa_classes);
  features["cluster_deletion_mean"] =
      compact.varying.at("cluster_deletions")[0] / (1 + 1e-6 + compact.varying.at("cluster_members")[0].unsqueeze(-1));
  expect_stage(golden, "clusters", features, {"extra_cluster_assignment", "cluster_profile", "cluster_deletion_mean"});
  features["extra_deletion_matrix"] = compact.varying.at("extra_deletions")[0];
  expect_stage(golden, "crop_extra", features, {"extra_msa", "extra_deletion_matrix", "extra_msa_mask"});
  expect_stage(golden, "make_msa_feat", features,
               {"msa_feat", "target_feat", "extra_has_deletion", "extra_deletion_value"});

  const std::int64_t crop_size = golden.at("crop.crop_size").item<std::int64_t>();
  crop.start = golden.at("crop.start").item<std::int64_t>();
  crop.size = std::min(crop_size, golden.at("crop.seq_length_in").item<std::int64_t>());
  const trainer::PaddedSize size{crop_size, clusters, golden.at("crop_extra.max_extra_msa").item<std::int64_t>(), 0};
  const TensorDict selected = expanded(trainer::assemble_sample(fixed, alignment, {pass}, crop, size, {}));
  EXPECT_EQ(selected.at("seq_length").item<std::int64_t>(), golden.at("crop.seq_length").item<std::int64_t>());
  for (const auto& [name, expected] : with_prefix(golden, "final.")) {
    ASSERT_TRUE(selected.contains(name)) << name;
    EXPECT_EQ(selected.at(name).scalar_type(), expected.scalar_type()) << name;
    // Frames and angles mean something only where they are defined.
    at::Tensor valid;
    if (name.find("frames") != std::string::npos) valid = golden.at("final.rigidgroups_gt_exists");
    if (name == "backbone_rigid_tensor") valid = golden.at("final.backbone_rigid_mask");
    if (name == "chi_angles_sin_cos") valid = golden.at("final.chi_mask");
    if (expected.is_floating_point()) {
      expect_close("final." + name, selected.at(name), expected, element_wise_limit, valid);
    } else {
      expect_equal("final." + name, selected.at(name), expected);
    }
  }
}

std::vector<std::string> random_cases() {
  std::vector<std::string> names = discover("features", "random_");
  for (std::string& name : names) name = name.substr(std::string("random_").size());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Features, GoldenRandom, ::testing::ValuesIn(random_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenRandom);

}  // namespace
}  // namespace foldperf::testing
