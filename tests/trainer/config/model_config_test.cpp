#include "trainer/config/model_config.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using nlohmann::json;

TEST(ModelConfig, MissingKeysKeepTheirDefaults) {
  const ModelConfig config = model_config_from_json(json::object());
  EXPECT_EQ(to_json(config), to_json(ModelConfig{}));
  EXPECT_EQ(config.evoformer_stack.no_blocks, 48);
  EXPECT_EQ(config.extra_msa.extra_msa_stack.no_blocks, 4);
  EXPECT_EQ(config.extra_msa.extra_msa_stack.c_m, 64);
  EXPECT_EQ(config.extra_msa.extra_msa_stack.c_hidden_msa_att, 8);
}

TEST(ModelConfig, ReadsOpenFoldsNames) {
  const ModelConfig config = model_config_from_json(json::parse(R"({
    "_mask_trans": true,
    "template": {"enabled": false, "eps": 1e-6, "template_pair_stack": {"no_blocks": 5, "tune_chunk_size": false}},
    "extra_msa": {"enabled": false, "extra_msa_stack": {"c_m": 32, "ckpt": false}},
    "evoformer_stack": {"blocks_per_ckpt": null, "no_blocks": 3, "msa_dropout": 0.5},
    "structure_module": {"trans_scale_factor": 20, "no_blocks": 2.0},
    "heads": {"tm": {"enabled": true}},
    "recycle_early_stop_tolerance": -1.0})"));
  EXPECT_TRUE(config.mask_trans);
  EXPECT_FALSE(config.template_.enabled);
  EXPECT_EQ(config.template_.eps, 1e-6);
  EXPECT_EQ(config.template_.template_pair_stack.no_blocks, 5);
  EXPECT_FALSE(config.extra_msa.enabled);
  EXPECT_EQ(config.extra_msa.extra_msa_stack.c_m, 32);
  EXPECT_EQ(config.extra_msa.extra_msa_stack.c_hidden_msa_att, 8);
  EXPECT_EQ(config.evoformer_stack.msa_dropout, 0.5);
  EXPECT_EQ(config.blocks_per_checkpoint, 0) << "OpenFold's null switches checkpointing off";
  EXPECT_EQ(config.structure_module.trans_scale_factor, 20);
  EXPECT_EQ(config.structure_module.no_blocks, 2);
  EXPECT_TRUE(config.heads.tm.enabled);
}

TEST(ModelConfig, SurvivesARoundTrip) {
  ModelConfig config;
  config.blocks_per_checkpoint = 4;
  config.evoformer_stack.c_m = 64;
  config.template_.use_unit_vector = true;
  const json tree = to_json(config);
  EXPECT_EQ(tree.at("template").at("use_unit_vector"), true);
  EXPECT_EQ(to_json(model_config_from_json(tree)), tree);
}

TEST(ModelConfig, NamesTheKeyOfAWrongValue) {
  const auto message = [](const json& tree) {
    try {
      (void)model_config_from_json(tree);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message({{"evoformer_stack", {{"c_m", "wide"}}}}).find("model.evoformer_stack.c_m"), std::string::npos);
  EXPECT_NE(message({{"evoformer_stack", {{"c_m", 1.5}}}}).find("whole number"), std::string::npos);
  EXPECT_NE(message({{"heads", {{"tm", {{"enabled", 1}}}}}}).find("model.heads.tm.enabled"), std::string::npos);
  EXPECT_NE(message({{"heads", 3}}).find("model.heads"), std::string::npos);
}

}  // namespace
}  // namespace foldperf::trainer
