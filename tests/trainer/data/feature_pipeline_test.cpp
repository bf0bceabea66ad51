#include "trainer/data/feature_pipeline.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <set>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "tests/support/golden.hpp"
#include "trainer/data/alignment_features.hpp"
#include "trainer/data/feature_schema.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::trainer {
namespace {

const SampleKey key{11, 3, 5};

// A real chain with an alignment of rows made from it.
TensorDict raw_features(std::int64_t rows = 40) {
  const ProteinChain chain = find_chain(read_structure(testing::samples_dir() / "1a8o.cif"), "A");
  Alignment alignment = own_sequence_alignment(chain.sequence);
  for (std::int64_t row = 1; row < rows; ++row) {
    std::string sequence = chain.sequence;
    for (std::size_t i = static_cast<std::size_t>(row) % 7; i < sequence.size(); i += 7)
      sequence[i] = "ACDEFGHIKL-"[static_cast<std::size_t>(row) % 11];
    sequence[static_cast<std::size_t>(row)] = 'W';
    alignment.letters += sequence;
    for (std::size_t column = 0; row % 3 != 0 && column < sequence.size(); ++column) {
      alignment.deletions.push_back(
          {static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column), static_cast<std::int16_t>(row % 3)});
    }
  }
  TensorDict features = structure_features(chain);
  for (auto& [name, tensor] : merge_alignments({alignment})) features[name] = tensor;
  return features;
}

// The same chain with an alignment by rule.
TensorDict raw_features_by_rule(std::int64_t rows) {
  TensorDict raw = structure_features(find_chain(read_structure(testing::samples_dir() / "1a8o.cif"), "A"));
  const std::int64_t length = raw.at("residue_index").size(0);
  const at::Tensor row = torch::arange(rows, torch::kInt32).unsqueeze(1), column = torch::arange(length, torch::kInt32);
  raw["msa"] = (row % 5 * 7 + column * 3 + row * column % 11 % 4).remainder(22);
  raw["deletion_matrix_int"] = ((row + column) % 13 == 0).to(torch::kInt32) * (row % 4);
  raw["num_alignments"] = torch::full({length}, rows, torch::kInt32);
  return raw;
}

DataConfig small_config() {
  DataConfig config;
  config.train.crop_size = 32;
  config.train.max_msa_clusters = 8;
  config.train.max_extra_msa = 12;
  config.eval.max_msa_clusters = 8;
  config.eval.max_extra_msa = 12;
  return config;
}

TensorDict sample(const DataConfig& config, DataMode mode, const SampleKey& sample_key = key, std::int64_t rows = 40) {
  const FeaturePipeline pipeline(config, mode);
  return pipeline.sample(pipeline.fixed_transforms(raw_features(rows)), sample_key);
}

bool equal(const TensorDict& a, const TensorDict& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    if (!b.contains(name) || !torch::equal(tensor, b.at(name))) return false;
  }
  return true;
}

TEST(FeaturePipeline, FeaturesAreThoseOfOpenFoldsBatches) {
  for (const std::string& name : testing::discover("model")) {
    const TensorDict golden = testing::with_prefix(testing::load_golden("model", name), "batch.");
    if (golden.empty()) continue;
    DataConfig config = small_config();
    config.common.use_templates = golden.contains("template_mask");
    config.train.uniform_recycling = false;
    const TensorDict features = sample(config, DataMode::train);
    for (const auto& [feature, expected] : golden) {
      ASSERT_TRUE(features.contains(feature)) << name << " " << feature;
      EXPECT_EQ(features.at(feature).scalar_type(), expected.scalar_type()) << feature;
      EXPECT_EQ(features.at(feature).dim(), expected.dim()) << feature;
    }
    for (const auto& [feature, tensor] : features) EXPECT_TRUE(golden.contains(feature)) << name << " " << feature;
  }
}

TEST(FeaturePipeline, TrainingSamplesHaveTheFixedSize) {
  DataConfig config = small_config();
  config.train.uniform_recycling = false;
  config.common.max_recycling_iters = 2;
  const TensorDict features = sample(config, DataMode::train);
  EXPECT_EQ(features.at("msa_feat").sizes(), at::IntArrayRef({1, 8, 32, 49, 3}));
  EXPECT_EQ(features.at("extra_msa").sizes(), at::IntArrayRef({1, 12, 32, 3}));
  EXPECT_EQ(features.at("rigidgroups_gt_frames").sizes(), at::IntArrayRef({1, 32, 8, 4, 4, 3}));
  EXPECT_EQ(features.at("template_all_atom_positions").sizes(), at::IntArrayRef({1, 4, 32, 37, 3, 3}));
  EXPECT_EQ(features.at("template_mask").sum().item<float>(), 0.0F);
  EXPECT_EQ(features.at("seq_length").select(-1, 0).item<std::int64_t>(), 32);
  EXPECT_EQ(features.at("no_recycling_iters")[0][0].item<float>(), 2.0F);
}

TEST(FeaturePipeline, ShortChainsArePaddedWithMaskedZeros) {
  DataConfig config = small_config();
  config.train.crop_size = 100;
  config.train.block_delete_msa = false;
  const TensorDict features = sample(config, DataMode::train, key, 3);
  const auto pass = [&](const char* name) { return features.at(name).select(-1, 0)[0]; };
  EXPECT_EQ(pass("seq_mask").sum().item<float>(), 70.0F);
  EXPECT_EQ(pass("msa_row_mask").sum().item<float>(), 3.0F);
  EXPECT_EQ(pass("msa_mask").sum().item<float>(), 3.0F * 70.0F);
  EXPECT_EQ(pass("extra_msa_mask").sum().item<float>(), 0.0F);
  EXPECT_EQ(pass("aatype").slice(0, 70).abs().sum().item<std::int64_t>(), 0);
  EXPECT_EQ(pass("all_atom_mask").slice(0, 70).sum().item<float>(), 0.0F);
}

TEST(FeaturePipeline, ASeedGivesTheSameSampleAndAnotherOneAnother) {
  const DataConfig config = small_config();
  EXPECT_TRUE(equal(sample(config, DataMode::train), sample(config, DataMode::train)));
  EXPECT_FALSE(equal(sample(config, DataMode::train), sample(config, DataMode::train, {12, 3, 5})));
  EXPECT_FALSE(equal(sample(config, DataMode::train), sample(config, DataMode::train, {11, 4, 5})));
}

// What the draws determine, in one number: whole numbers only, so that it is the same on every machine.
std::uint64_t checksum(const TensorDict& features) {
  std::uint64_t sum = 14695981039346656037ULL;  // FNV-1a
  const auto add = [&](const at::Tensor& tensor) {
    const at::Tensor numbers = tensor.to(torch::kInt64).contiguous();
    for (std::int64_t i = 0; i < numbers.numel(); ++i)
      sum = (sum ^ static_cast<std::uint64_t>(numbers.const_data_ptr<std::int64_t>()[i])) * 1099511628211ULL;
  };
  for (const char* name : {"bert_mask", "extra_has_deletion", "extra_msa", "extra_msa_row_mask", "msa_row_mask",
                           "no_recycling_iters", "residue_index", "true_msa", "use_clamped_fape"}) {
    add(features.at(name));
  }
  const at::Tensor& feat = features.at("msa_feat");
  add(feat.narrow(3, 0, 24));          // the masked alignment, and where it has deletions
  add(feat.narrow(3, 25, 23) * 5040);  // the clusters' profiles
  return sum;
}

// Numbers of the first version of this pipeline: a change of them means that runs are no longer what their seed says.
TEST(FeaturePipeline, ASeedMeansTheSameSampleAsEver) {
  const FeaturePipeline pipeline(small_config(), DataMode::train);
  const auto made = [&](std::int64_t rows, std::uint64_t seed) {
    return checksum(pipeline.sample(pipeline.fixed_transforms(raw_features_by_rule(rows)), {seed, 3, 5}));
  };
  EXPECT_EQ(made(5, 1), 0x9aec001868e4be24);
  EXPECT_EQ(made(5, 2), 0xad0d96023fd38e97);
  EXPECT_EQ(made(60, 1), 0x80d81395cbdbe675);
  EXPECT_EQ(made(60, 2), 0xbba876db69e6ae70);
}

TEST(FeaturePipeline, PassesShareTheCropAndResampleTheAlignment) {
  DataConfig config = small_config();
  config.train.uniform_recycling = false;
  config.common.max_recycling_iters = 1;
  TensorDict features = sample(config, DataMode::train);
  EXPECT_TRUE(torch::equal(features.at("residue_index").select(-1, 0), features.at("residue_index").select(-1, 1)));
  EXPECT_FALSE(torch::equal(features.at("true_msa").select(-1, 0), features.at("true_msa").select(-1, 1)));
  config.common.resample_msa_in_recycling = false;
  features = sample(config, DataMode::train);
  EXPECT_TRUE(torch::equal(features.at("msa_feat").select(-1, 0), features.at("msa_feat").select(-1, 1)));
}

TEST(FeaturePipeline, CropsAreDrawnOverTheWholeChain) {
  DataConfig config = small_config();
  std::set<std::int64_t> starts;
  const FeaturePipeline pipeline(config, DataMode::train);
  const TensorDict fixed = pipeline.fixed_transforms(raw_features(4));
  for (std::uint32_t i = 0; i < 100; ++i)
    starts.insert(pipeline.recycling_pass(fixed, {1, 0, i}, 0).at("residue_index")[0].item<std::int64_t>());
  EXPECT_GT(starts.size(), 15U);
  EXPECT_GE(*starts.begin(), 0);
  EXPECT_LE(*starts.rbegin(), 70 - 32);
}

TEST(FeaturePipeline, RecyclingIsUniformWhereAskedFor) {
  DataConfig config = small_config();
  std::set<std::int64_t> drawn;
  for (std::uint32_t i = 0; i < 50; ++i)
    drawn.insert(FeaturePipeline(config, DataMode::train).recycling_iterations({1, 0, i}));
  EXPECT_EQ(drawn, (std::set<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(FeaturePipeline(config, DataMode::eval).recycling_iterations(key), 3);
}

TEST(FeaturePipeline, EvaluationTakesTheWholeChainUnclamped) {
  const TensorDict features = sample(small_config(), DataMode::eval);
  EXPECT_EQ(features.at("aatype").size(1), 70);
  EXPECT_EQ(features.at("aatype").size(-1), 4);
  EXPECT_EQ(features.at("use_clamped_fape").abs().sum().item<float>(), 0.0F);
  DataConfig config = small_config();
  config.eval.crop_size = 20;
  EXPECT_EQ(sample(config, DataMode::eval).at("aatype").size(1), 20);
}

TEST(FeaturePipeline, TheClampIsDrawnWithItsProbability) {
  DataConfig config = small_config();
  config.train.uniform_recycling = false;
  config.common.max_recycling_iters = 0;
  const FeaturePipeline pipeline(config, DataMode::train);
  const TensorDict fixed = pipeline.fixed_transforms(raw_features(1));
  double clamped = 0;
  for (std::uint32_t i = 0; i < 200; ++i)
    clamped += pipeline.sample(fixed, {1, 0, i}).at("use_clamped_fape")[0][0].item<float>();
  EXPECT_NEAR(clamped / 200, 0.9, 0.07);
}

TEST(FeaturePipeline, MaskedPositionsAndTheirReplacementsFollowTheConfiguration) {
  DataConfig config = small_config();
  config.train.crop_size = 0;
  config.train.block_delete_msa = false;
  config.train.max_msa_clusters = 40;
  config.common.masked_msa = {0.0, 0.0, 0.0};  // always the mask token
  config.train.masked_msa_replace_fraction = 0.3;
  const FeaturePipeline pipeline(config, DataMode::train);
  const TensorDict features = pipeline.recycling_pass(pipeline.fixed_transforms(raw_features()), key, 0);
  const at::Tensor mask = features.at("bert_mask");
  EXPECT_NEAR(mask.mean().item<float>(), 0.3, 0.03);
  const at::Tensor is_token = features.at("msa_feat").select(-1, 22);
  EXPECT_TRUE(torch::equal(is_token, mask));
}

TEST(FeaturePipeline, WithoutClustersOrExtraRows) {
  DataConfig config = small_config();
  config.common.msa_cluster_features = false;
  config.train.max_extra_msa = 0;
  config.common.use_templates = false;
  const TensorDict features = sample(config, DataMode::train);
  EXPECT_EQ(features.at("msa_feat").size(3), 25);
  EXPECT_FALSE(features.contains("extra_msa"));
  EXPECT_FALSE(features.contains("template_mask"));
}

TEST(FeaturePipeline, GradientsMayFlowThroughWhatIsMadeFromFeatures) {
  // Inference tensors could not be saved for a backward pass.
  const TensorDict features = sample(small_config(), DataMode::train);
  at::Tensor weight = torch::ones({49, 2}, torch::requires_grad());
  torch::matmul(features.at("msa_feat").select(-1, 0), weight).sum().backward();
  EXPECT_TRUE(weight.grad().defined());
}

TEST(FeatureSchema, PaddingRefusesWhatIsLarger) {
  EXPECT_THROW((void)padded_shape("aatype", {5}, {4, 0, 0, 0}), Error);
  EXPECT_THROW((void)padded_shape("aatype", {5, 2}, {6, 0, 0, 0}), Error);
  EXPECT_EQ(padded_shape("aatype", {5}, {6, 0, 0, 0}), (std::vector<std::int64_t>{6}));
}

}  // namespace
}  // namespace foldperf::trainer
