#include "trainer/config/data_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(DataConfig, SurvivesWritingAndReading) {
  DataConfig config;
  config.train.crop_size = 77;
  config.common.masked_msa.same_prob = 0.25;
  config.source.train_chains = {"1ubi_A", "1ejg"};
  config.seed = 5;
  EXPECT_EQ(to_json(data_config_from_json(to_json(config))), to_json(config));
}

TEST(DataConfig, DefaultsAreThoseOfInitialTraining) {
  const DataConfig config = data_config_from_json(json::object());
  EXPECT_EQ(config.train.crop_size, 256);
  EXPECT_EQ(config.train.max_msa_clusters, 128);
  EXPECT_EQ(config.train.max_extra_msa, 1024);
  EXPECT_TRUE(config.train.uniform_recycling);
  EXPECT_TRUE(config.train.block_delete_msa);
  EXPECT_EQ(config.eval.crop_size, 0);
  EXPECT_FALSE(config.eval.block_delete_msa);
  EXPECT_FALSE(config.predict.supervised);
  EXPECT_EQ(config.predict.max_msa_clusters, 512);
  EXPECT_EQ(config.common.max_recycling_iters, 3);
  EXPECT_EQ(config.supervised.clamp_prob, 0.9);
}

TEST(DataConfig, ReadsOpenFoldsKeysAndPassesOverWhatItDoesNotNeed) {
  const DataConfig config = data_config_from_json(json::parse(R"({
    "common": {"feat": {"aatype": ["N"]}, "max_recycling_iters": 1, "use_templates": false},
    "eval": {"crop_size": null, "spatial_crop_prob": null, "max_extra_msa": 5120},
    "train": {"clamp_prob": 0.9, "shuffle_top_k_prefiltered": 20},
    "data_module": {"use_small_bfd": false}, "seqemb_mode": {"enabled": false}})"));
  EXPECT_EQ(config.common.max_recycling_iters, 1);
  EXPECT_FALSE(config.common.use_templates);
  EXPECT_EQ(config.eval.crop_size, 0);
  EXPECT_EQ(config.eval.max_extra_msa, 5120);
}

void expect_refused(const char* text, const char* key) {
  try {
    (void)data_config_from_json(json::parse(text));
    FAIL() << "no exception for " << text;
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr(key));
  }
}

TEST(DataConfig, BadKeysAndValuesAreNamed) {
  expect_refused(R"({"train": {"cropsize": 3}})", "data.train.cropsize");
  expect_refused(R"({"train": {"crop_size": "big"}})", "data.train.crop_size");
  expect_refused(R"({"train": {"crop_size": -1}})", "data.train.crop_size");
  expect_refused(R"({"train": {"max_msa_clusters": 0}})", "data.train.max_msa_clusters");
  expect_refused(R"({"common": {"masked_msa": {"same_prob": 0.9, "profile_prob": 0.9}}})", "profile_prob + same_prob");
  expect_refused(R"({"supervised": {"clamp_prob": 2}})", "data.supervised.clamp_prob");
  expect_refused(R"({"source": {"train_chains": [1]}})", "data.source.train_chains");
  expect_refused(R"({"train": 3})", "data.train");
}

}  // namespace
}  // namespace foldperf::trainer
