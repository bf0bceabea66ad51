// Compact samples and what they expand to, beside a plain implementation of the same transforms.
#include "trainer/data/compact_sample.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <string>

#include "core/error.hpp"
#include "tests/trainer/data/plain_sample.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/presets.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/data/tensor_block.hpp"
#include "trainer/input/merged_alignment.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

const SampleKey key{17, 2, 9};

// A made-up chain: its alignment, coordinates and templates.
struct Chain {
  std::int64_t length = 40;
  std::int64_t rows = 30;
  std::int64_t templates = 0;
  bool is_distillation = false;
};

TensorDict raw_features(const Chain& chain) {
  torch::manual_seed(chain.length * 1000 + chain.rows);
  const auto random = [](std::int64_t below, at::IntArrayRef shape) {
    return torch::randint(below, shape, torch::kInt64);
  };
  const std::int64_t length = chain.length, rows = chain.rows;
  const at::Tensor types = random(21, {length});
  // Rows like one of three ancestors; few deletions, some of them long.
  const at::Tensor ancestors = random(22, {3, length}).index_select(0, random(3, {rows}));
  const at::Tensor changed = torch::rand({rows, length}) < 0.3;
  const at::Tensor deletions = at::where(torch::rand({rows, length}) < 0.1, random(300, {rows, length}), 0);
  TensorDict raw = {{"aatype", at::one_hot(types, 21).to(torch::kInt32)},
                    {"between_segment_residues", torch::zeros({length}, torch::kInt32)},
                    {"residue_index", torch::arange(length, torch::kInt32)},
                    {"seq_length", torch::full({length}, length, torch::kInt32)},
                    {"all_atom_positions", torch::randn({length, 37, 3}) * 5},
                    {"all_atom_mask", (torch::rand({length, 37}) < 0.9).to(torch::kFloat32)},
                    {"resolution", torch::full({1}, 2.5F)},
                    {"is_distillation", torch::full({}, chain.is_distillation ? 1.0F : 0.0F)},
                    {"msa", at::where(changed, random(22, {rows, length}), ancestors).to(torch::kUInt8)},
                    {"deletion_matrix_int", deletions.to(torch::kInt16)},
                    {"num_alignments", torch::full({length}, rows, torch::kInt32)}};
  if (chain.templates > 0) {
    const std::int64_t count = chain.templates;
    raw["template_aatype"] = at::one_hot(random(22, {count, length}), 22);
    raw["template_all_atom_positions"] = torch::randn({count, length, 37, 3}) * 5;
    raw["template_all_atom_mask"] = (torch::rand({count, length, 37}) < 0.9).to(torch::kFloat32);
    raw["template_sum_probs"] = torch::rand({count, 1});
  }
  return raw;
}

DataConfig small_config() {
  DataConfig config;
  config.train.uniform_recycling = false;
  config.train.crop_size = 32;
  config.train.max_msa_clusters = 8;
  config.train.max_extra_msa = 12;
  config.train.max_distillation_msa_clusters = 15;
  config.eval.max_msa_clusters = 8;
  config.eval.max_extra_msa = 12;
  config.common.max_recycling_iters = 2;
  return config;
}

DataConfig preset_config(const std::string& preset) {
  ConfigSources sources;
  sources.preset = preset;
  return trainer_config_from_json(resolve_config(sources)).data;
}

// Names, types, shapes and every bit.
void expect_same(const TensorDict& actual, const TensorDict& expected) {
  for (const auto& [name, tensor] : actual) EXPECT_TRUE(expected.contains(name)) << name;
  for (const auto& [name, tensor] : expected) {
    ASSERT_TRUE(actual.contains(name)) << name;
    ASSERT_EQ(actual.at(name).scalar_type(), tensor.scalar_type()) << name;
    ASSERT_EQ(actual.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(torch::equal(actual.at(name), tensor)) << name;
  }
}

void expect_plain_sample(const DataConfig& config, const Chain& chain, DataMode mode = DataMode::train) {
  SCOPED_TRACE(std::to_string(chain.length) + " residues, " + std::to_string(chain.rows) + " rows, " +
               std::to_string(chain.templates) + " templates");
  const FeaturePipeline pipeline(config, mode);
  const TensorDict fixed = pipeline.fixed_transforms(raw_features(chain));
  expect_same(pipeline.sample(fixed, key), testing::plain_sample(config, mode, fixed, key));
}

// Longer and shorter than the crop, with more rows than fit and fewer, one row and one residue among them.
TEST(CompactSample, ExpandsToThePlainSample) {
  for (const std::int64_t length : {1, 31, 32, 33, 75}) {
    for (const std::int64_t rows : {1, 2, 7, 40}) expect_plain_sample(small_config(), {length, rows});
  }
}

TEST(CompactSample, ExpandsToThePlainSampleInAllPresets) {
  for (const std::string& preset : preset_names()) {
    SCOPED_TRACE(preset);
    DataConfig config = preset_config(preset);
    config.common.max_recycling_iters = 1;
    for (DataModeConfig* mode : {&config.train, &config.eval}) {  // a tenth of the size, with the same proportions
      mode->crop_size = (mode->crop_size + 9) / 10;
      mode->max_msa_clusters = (mode->max_msa_clusters + 9) / 10;
      mode->max_extra_msa = (mode->max_extra_msa + 9) / 10;
    }
    expect_plain_sample(config, {47, 90, 3});
    expect_plain_sample(config, {47, 90, 3}, DataMode::eval);
  }
}

TEST(CompactSample, ExpandsToThePlainSampleWithTemplates) {
  for (const std::int64_t templates : {1, 4, 7}) {
    for (const bool subsample : {false, true}) {
      DataConfig config = small_config();
      config.train.subsample_templates = subsample;
      expect_plain_sample(config, {50, 20, templates});
      config.train.fixed_size = false;
      config.train.block_delete_msa = false;
      expect_plain_sample(config, {50, 20, templates});
    }
  }
}

TEST(CompactSample, ExpandsToThePlainSampleOfDistillation) {
  for (const std::int64_t rows : {1, 14, 60}) expect_plain_sample(small_config(), {40, rows, 0, true});
}

TEST(CompactSample, ExpandsToThePlainSampleWithOtherSettings) {
  DataConfig config = small_config();
  config.common.msa_cluster_features = false;
  expect_plain_sample(config, {});
  config.train.max_extra_msa = 0;
  expect_plain_sample(config, {});
  config = small_config();
  config.common.resample_msa_in_recycling = false;
  expect_plain_sample(config, {});
  config = small_config();
  config.common.reduce_msa_clusters_by_max_templates = true;
  config.common.block_delete_msa.randomize_num_blocks = true;
  config.common.masked_msa = {0.3, 0.2, 0.1};
  config.train.masked_msa_replace_fraction = 0.6;
  expect_plain_sample(config, {});
}

// A cluster's residues are counted in as many bits as they take.
TEST(CompactSample, ExpandsToThePlainSampleOfLargeClusters) {
  DataConfig config = small_config();
  config.train.max_msa_clusters = 2;
  config.train.block_delete_msa = false;
  for (const auto& [rows, type] : {std::pair{200L, torch::kUInt8}, {900L, torch::kInt16}}) {
    const Chain chain{20, rows};
    expect_plain_sample(config, chain);
    const FeaturePipeline pipeline(config, DataMode::train);
    const CompactSample sample = pipeline.compact(pipeline.fixed_transforms(raw_features(chain)), key);
    EXPECT_EQ(sample.varying.at("cluster_counts").scalar_type(), type);
  }
}

TEST(CompactSample, HoldsEverythingInOneBlock) {
  const FeaturePipeline pipeline(small_config(), DataMode::train);
  const TensorDict fixed = pipeline.fixed_transforms(raw_features({75, 40, 3}));
  const CompactSample sample = pipeline.compact(fixed, key);
  EXPECT_EQ(sample.passes, 3);
  const auto expect_inside = [&](const TensorDict& tensors) {
    for (const auto& [name, tensor] : tensors) {
      EXPECT_TRUE(tensor.is_contiguous()) << name;
      EXPECT_EQ(tensor.storage().unsafeGetStorageImpl(), sample.bytes.storage().unsafeGetStorageImpl()) << name;
    }
  };
  expect_inside(sample.fixed);
  expect_inside(sample.varying);
  std::size_t expanded = 0;
  for (const auto& [name, tensor] : expand(sample, torch::kCPU)) {
    if (sample.fixed.contains(name)) continue;
    expanded += tensor.nbytes();
  }
  EXPECT_LT(sample.varying.at("msa").nbytes() * 20, expanded);
}

TEST(CompactSample, ACopyOfItsBlockIsTheSampleAgain) {
  const FeaturePipeline pipeline(small_config(), DataMode::train);
  const CompactSample sample = pipeline.compact(pipeline.fixed_transforms(raw_features({75, 40, 3})), key);
  const TensorDict expected = expand(sample, torch::kCPU);
  EXPECT_TRUE(sample.to(torch::kCPU).bytes.is_same(sample.bytes));
  expect_same(expand(sample.pinned(), torch::kCPU), expected);
  // Another device as far as this machine has one: one that holds shapes only.
  const CompactSample elsewhere = sample.to(torch::kMeta);
  EXPECT_EQ(elsewhere.device(), at::Device(torch::kMeta));
  for (const auto& [name, tensor] : sample.varying) {
    EXPECT_EQ(elsewhere.varying.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(elsewhere.varying.at(name).is_meta()) << name;
  }
}

// As on a GPU. Arc tangents are another implementation's there.
TEST(CompactSample, OperatorsExpandItAsLoopsDo) {
  for (const Chain& chain : {Chain{75, 40, 3}, Chain{20, 3}, Chain{33, 1, 5}}) {
    for (const bool has_extra : {true, false}) {
      DataConfig config = small_config();
      if (!has_extra) {
        config.train.max_extra_msa = 0;
        config.common.msa_cluster_features = false;
        config.common.resample_msa_in_recycling = false;
      }
      const FeaturePipeline pipeline(config, DataMode::train);
      const CompactSample sample = pipeline.compact(pipeline.fixed_transforms(raw_features(chain)), key);
      TensorDict loops = expand(sample, torch::kCPU), operators = expand_by_operators(sample);
      const auto apart = [&](const char* name, std::int64_t first, std::int64_t step) {
        if (!loops.contains(name)) return;
        const auto channels = [&](TensorDict& features) {
          return first < 0 ? features.at(name) : features.at(name).slice(3, first, {}, step);
        };
        EXPECT_TRUE(torch::allclose(channels(operators), channels(loops), 3e-7, 0)) << name;
        channels(operators).zero_();
        channels(loops).zero_();
      };
      apart("msa_feat", 24, 24);  // deletion_value, deletion_mean_value
      apart("extra_deletion_value", -1, 1);
      expect_same(operators, loops);
    }
  }
}

TEST(CompactSample, ARecyclingPassIsThatOfTheSample) {
  const FeaturePipeline pipeline(small_config(), DataMode::train);
  const TensorDict fixed = pipeline.fixed_transforms(raw_features({75, 40, 3}));
  const TensorDict sample = pipeline.sample(fixed, key), pass = pipeline.recycling_pass(fixed, key, 1);
  EXPECT_EQ(pass.size() + 2, sample.size());  // whether the loss is clamped, and the number of passes
  for (const auto& [name, tensor] : pass) EXPECT_TRUE(torch::equal(tensor, sample.at(name).select(-1, 1)[0])) << name;
}

TEST(FixedTransforms, RefuseNumbersThatAreNoResidues) {
  const FeaturePipeline pipeline(small_config(), DataMode::train);
  TensorDict raw = raw_features({});
  raw["msa"][3][5] = 22;
  EXPECT_THROW((void)pipeline.fixed_transforms(raw), Error);
}

TEST(TensorBlock, KeepsTensorsApart) {
  BlockLayout layout;
  const std::int64_t first = layout.add(torch::kUInt8, {3}), second = layout.add(torch::kInt64, {2, 2});
  const std::int64_t none = layout.add(torch::kFloat32, {0, 5}), last = layout.add(torch::kInt16, {1});
  const at::Tensor block = torch::zeros({layout.size()}, torch::kUInt8);
  tensor_at(block, first, torch::kUInt8, {3}).fill_(255);
  tensor_at(block, last, torch::kInt16, {1}).fill_(-1);
  const at::Tensor tensor = tensor_at(block, second, torch::kInt64, {2, 2});
  EXPECT_EQ(tensor.abs().sum().item<std::int64_t>(), 0);
  EXPECT_EQ(offset_in_block(tensor), second);
  EXPECT_EQ(tensor_at(block, none, torch::kFloat32, {0, 5}).numel(), 0);
  EXPECT_EQ(block.sum().item<std::int64_t>(), 5 * 255);
  EXPECT_THROW((void)tensor_at(block, layout.size() - 8, torch::kInt64, {2}), Error);
  EXPECT_THROW((void)tensor_at(block, 4, torch::kInt64, {1}), Error);
}

}  // namespace
}  // namespace foldperf::trainer
