// Chains read from mmCIF files, and what the transforms without randomness make of them, against OpenFold.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/data/data_files.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::testing {
namespace {

using trainer::TensorDict;

class GoldenChain : public ::testing::TestWithParam<std::string> {
 protected:
  // The chain as OpenFold reads it, its quirk of repeated heterogeneous residues included.
  static trainer::ProteinChain read(const std::string& name) {
    const auto [entry, chain] = split_chain_name(name);
    const auto path = find_structure(entry);
    if (!path) throw InputError(data_dir().string(), "has no " + entry + ".cif");
    trainer::StructureOptions options;
    options.repeat_heterogeneous_residues = true;
    return trainer::find_chain(trainer::read_structure(*path, options), chain);
  }
};

TEST_P(GoldenChain, RawFeaturesAreThoseOfOpenFold) {
  const TensorDict golden = with_prefix(load_golden("features", "chain_" + GetParam()), "raw.");
  ASSERT_FALSE(golden.empty()) << "the file has nothing to compare";
  const trainer::ProteinChain chain = read(GetParam());
  const TensorDict features = trainer::structure_features(chain);
  EXPECT_EQ(chain.sequence, ascii(golden.at("sequence")));
  if (golden.contains("release_date")) {
    EXPECT_EQ(chain.release_date, ascii(golden.at("release_date")));
  }
  if (golden.contains("is_missing")) {
    const at::Tensor missing =
        torch::tensor(std::vector<std::int64_t>(chain.is_missing.begin(), chain.is_missing.end()));
    expect_equal("is_missing", missing, golden.at("is_missing"));
  }
  for (const auto& [name, expected] : golden) {
    if (name == "sequence" || name == "release_date" || name == "domain_name" || name == "is_missing") continue;
    ASSERT_TRUE(features.contains(name)) << name;
    EXPECT_EQ(features.at(name).scalar_type(), expected.scalar_type()) << name;
    expect_equal(name, features.at(name), expected);
  }
}

TEST_P(GoldenChain, TransformsAreThoseOfOpenFold) {
  const TensorDict golden = with_prefix(load_golden("features", "chain_" + GetParam()), "feat.");
  if (golden.empty()) GTEST_SKIP() << "the file has raw features only";
  trainer::DataConfig config;
  config.common.use_templates = false;
  const trainer::FeaturePipeline pipeline(config, trainer::DataMode::train);
  const TensorDict features = pipeline.fixed_transforms(trainer::structure_features(read(GetParam())));
  // Where frames and angles are not defined, their values mean nothing.
  const std::map<std::string, std::string> mask_of = {
      {"rigidgroups_gt_frames", "rigidgroups_gt_exists"},    {"rigidgroups_alt_gt_frames", "rigidgroups_gt_exists"},
      {"backbone_rigid_tensor", "backbone_rigid_mask"},      {"torsion_angles_sin_cos", "torsion_angles_mask"},
      {"alt_torsion_angles_sin_cos", "torsion_angles_mask"}, {"chi_angles_sin_cos", "chi_mask"}};
  for (const auto& [name, expected] : golden) {
    ASSERT_TRUE(features.contains(name)) << name;
    EXPECT_EQ(features.at(name).scalar_type(), expected.scalar_type()) << name;
    const auto mask = mask_of.find(name);
    if (mask != mask_of.end()) {
      expect_close(name, features.at(name), expected, element_wise_limit, golden.at(mask->second));
    } else {
      expect_equal(name, features.at(name), expected);
    }
  }
}

std::vector<std::string> chain_cases() {
  std::vector<std::string> names = discover("features", "chain_");
  for (std::string& name : names) name = name.substr(std::string("chain_").size());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Features, GoldenChain, ::testing::ValuesIn(chain_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenChain);

TEST(GoldenFeatures, EveryFileIsRunAndThereIsOne) {
  const std::vector<std::string> run = {"chain_", "msa_", "random_", "templates_"};
  expect_claimed("features", run);
  std::size_t cases = 0;
  for (const std::string& prefix : run) cases += discover("features", prefix).size();
  EXPECT_GT(cases, 0U) << "no case is run in " << golden_dir() / "features";
}

}  // namespace
}  // namespace foldperf::testing
