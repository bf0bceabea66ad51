// The random transforms with OpenFold's draws put in: everything but the draw must come out as OpenFold's.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/data/data_files.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/msa_transforms.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/input/alignment_folder.hpp"
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
    if (const auto path = find_structure(entry)) {
      trainer::StructureOptions options;
      options.repeat_heterogeneous_residues = true;
      raw = trainer::chain_features(trainer::find_chain(trainer::read_structure(*path, options), chain_id), *folder);
    } else {
      const trainer::Alignment first = trainer::read_alignment(trainer::alignment_files(*folder).front());
      raw = trainer::sequence_features(first.sequences.front());
      for (auto& [key, tensor] : trainer::chain_alignment_features(*folder, first.sequences.front())) raw[key] = tensor;
    }
    return trainer::FeaturePipeline(config, trainer::DataMode::train).fixed_transforms(raw);
  }
};

TEST_P(GoldenRandom, EveryStageGivenItsDraws) {
  const TensorDict golden = load_golden("features", "random_" + GetParam());
  const trainer::DataConfig config = settings("random_" + GetParam());
  const TensorDict fixed = fixed_features(GetParam());
  const std::int64_t depth = fixed.at("msa").size(0);

  if (golden.contains("block_delete.starts")) {
    TensorDict features = fixed;
    ASSERT_EQ(depth, golden.at("block_delete.num_seq_in").item<std::int64_t>());
    const std::int64_t block =
        trainer::deletion_block_size(depth, config.common.block_delete_msa.msa_fraction_per_block);
    trainer::keep_rows(features,
                       trainer::rows_after_block_deletion(depth, block, to_rows(golden.at("block_delete.starts"))));
    expect_stage(golden, "block_delete", features, {"msa", "deletion_matrix"});
  }

  TensorDict features = fixed;
  const std::int64_t clusters = golden.at("sample_msa.max_seq").item<std::int64_t>();
  trainer::sample_msa(features, to_rows(golden.at("sample_msa.randperm")), clusters);
  expect_stage(golden, "sample_msa", features, {"msa", "extra_msa", "deletion_matrix", "extra_deletion_matrix"});

  expect_close("categorical_probs", trainer::masked_msa_probabilities(features, config.common.masked_msa),
               golden.at("masked_msa.categorical_probs"), element_wise_limit);
  trainer::make_masked_msa(features, golden.at("masked_msa.uniform"), golden.at("masked_msa.categorical"),
                           config.train.masked_msa_replace_fraction);
  expect_stage(golden, "masked_msa", features, {"msa", "bert_mask", "true_msa", "hhblits_profile"});

  trainer::nearest_neighbor_clusters(features);
  trainer::summarize_clusters(features);
  expect_stage(golden, "clusters", features, {"extra_cluster_assignment", "cluster_profile", "cluster_deletion_mean"});

  const std::int64_t extra = golden.at("crop_extra.max_extra_msa").item<std::int64_t>();
  trainer::crop_extra_msa(features, to_rows(golden.at("crop_extra.randperm")), extra);
  expect_stage(golden, "crop_extra", features, {"extra_msa", "extra_deletion_matrix", "extra_msa_mask"});

  trainer::make_msa_feat(features);
  expect_stage(golden, "make_msa_feat", features,
               {"msa_feat", "target_feat", "extra_has_deletion", "extra_deletion_value"});

  const std::int64_t crop_size = golden.at("crop.crop_size").item<std::int64_t>();
  trainer::Crop crop;
  crop.start = golden.at("crop.start").item<std::int64_t>();
  crop.size = std::min(crop_size, golden.at("crop.seq_length_in").item<std::int64_t>());
  TensorDict selected = trainer::select_features(features);
  trainer::crop(selected, crop);
  EXPECT_EQ(selected.at("seq_length").item<std::int64_t>(), golden.at("crop.seq_length").item<std::int64_t>());
  trainer::pad(selected, {crop_size, clusters, extra, 0});
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
