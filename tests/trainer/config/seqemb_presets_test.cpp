// The presets of OpenFold's sequence-embedding mode (SoloSeq), and the switch they turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TrainerConfig resolve(const std::string& preset, const std::vector<std::string>& assignments = {}) {
  return trainer_config_from_json(resolve_config({preset, {}, assignments}));
}

std::string usage_error(const std::string& preset, const std::vector<std::string>& assignments) {
  try {
    (void)resolve(preset, assignments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SeqembPresets, AreOpenFolds) {
  for (const char* preset : {"seqemb_initial_training", "seqemb_finetuning"}) {
    SCOPED_TRACE(preset);
    const TrainerConfig config = resolve(preset);
    EXPECT_TRUE(config.model.seqemb_mode_enabled);
    EXPECT_TRUE(config.data.seqemb_mode.enabled);
    EXPECT_EQ(config.model.preembedding_embedder.preembedding_dim, 1280);
    EXPECT_EQ(config.data.seqemb_mode.preembedding_dim, 1280);
    EXPECT_FALSE(config.model.extra_msa.enabled);
    EXPECT_TRUE(config.model.evoformer_stack.no_column_attention);
    EXPECT_TRUE(config.model.template_.enabled);
    EXPECT_TRUE(config.data.common.use_templates);
    EXPECT_EQ(config.data.train.max_msa_clusters, 1);
    EXPECT_EQ(config.data.eval.max_msa_clusters, 1);
    EXPECT_EQ(config.data.train.max_distillation_msa_clusters, 1);
    EXPECT_FALSE(config.data.train.block_delete_msa);
    EXPECT_EQ(config.data.train.max_extra_msa, 1024);
  }
  const TrainerConfig first = resolve("seqemb_initial_training");
  EXPECT_EQ(first.data.train.crop_size, 256);
  EXPECT_EQ(first.loss.violation.weight, 0.0);
  EXPECT_EQ(first.loss.experimentally_resolved.weight, 0.0);
  const TrainerConfig second = resolve("seqemb_finetuning");
  EXPECT_EQ(second.data.train.crop_size, 384);
  EXPECT_EQ(second.loss.violation.weight, 1.0);
  EXPECT_EQ(second.loss.experimentally_resolved.weight, 0.01);
}

TEST(SeqembPresets, OtherPresetsKeepTheAlignment) {
  const TrainerConfig config = resolve("initial_training");
  EXPECT_FALSE(config.model.seqemb_mode_enabled);
  EXPECT_FALSE(config.data.seqemb_mode.enabled);
}

TEST(SeqembMode, OneSwitchTurnsModelAndData) {
  const TrainerConfig off = resolve("seqemb_finetuning", {"globals.seqemb_mode_enabled=false"});
  EXPECT_FALSE(off.model.seqemb_mode_enabled);
  EXPECT_FALSE(off.data.seqemb_mode.enabled);
  const TrainerConfig on = resolve(
      "tiny", {"globals.seqemb_mode_enabled=true", "data.train.max_msa_clusters=1", "data.eval.max_msa_clusters=1"});
  EXPECT_TRUE(on.model.seqemb_mode_enabled);
  EXPECT_TRUE(on.data.seqemb_mode.enabled);
}

TEST(SeqembMode, SharesTheWidths) {
  const TrainerConfig config = resolve("seqemb_initial_training", {"globals.c_m=40", "globals.c_z=24"});
  EXPECT_EQ(config.model.preembedding_embedder.c_m, 40);
  EXPECT_EQ(config.model.preembedding_embedder.c_z, 24);
}

TEST(SeqembMode, TheDataExpectsTheModelsWidth) {
  EXPECT_EQ(resolve("seqemb_initial_training", {"model.preembedding_embedder.preembedding_dim=4"})
                .data.seqemb_mode.preembedding_dim,
            4);
}

TEST(SeqembMode, ContradictionsAreRefused) {
  EXPECT_THAT(usage_error("tiny", {"data.seqemb_mode.enabled=true"}),
              AllOf(HasSubstr("model.seqemb_mode_enabled"), HasSubstr("globals.seqemb_mode_enabled")));
  EXPECT_THAT(usage_error("seqemb_initial_training", {"data.train.max_msa_clusters=128"}),
              HasSubstr("data.train.max_msa_clusters"));
}

}  // namespace
}  // namespace foldperf::trainer
