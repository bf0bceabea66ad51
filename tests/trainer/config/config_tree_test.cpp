#include "trainer/config/config_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "trainer/config/nearest_name.hpp"
#include "trainer/config/presets.hpp"
#include "trainer/config/trainer_config.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

std::string usage_error(const ConfigSources& sources) {
  try {
    resolve_config(sources);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = (std::filesystem::temp_directory_path() /
             (std::string("foldperf_config_") + info->name() + std::to_string(::getpid()) + ".toml"))
                .string();
  }
  void TearDown() override { std::filesystem::remove(path_); }
  const std::string& write(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_;
};

TEST(Presets, AllResolveAndBuildATypedConfiguration) {
  ASSERT_FALSE(preset_names().empty());
  for (const std::string& name : preset_names()) {
    SCOPED_TRACE(name);
    const TrainerConfig config = trainer_config_from_json(resolve_config({name, {}, {}}));
    EXPECT_EQ(config.preset, name);
    EXPECT_EQ(config.model.template_.enabled, config.data.common.use_templates);
    EXPECT_EQ(config.model.heads.tm.enabled, config.loss.tm.enabled);
  }
}

TEST(Presets, AreThoseOfOpenFoldThatTrain) {
  for (const char* name :
       {"initial_training", "finetuning", "finetuning_ptm", "finetuning_no_templ", "finetuning_no_templ_ptm", "model_1",
        "model_2", "model_3", "model_4", "model_5", "model_1_ptm", "model_2_ptm", "model_3_ptm", "model_4_ptm",
        "model_5_ptm", "mlperf", "small", "tiny"}) {
    EXPECT_THAT(preset_names(), Contains(name));
  }
}

TEST(Presets, BuildOnEachOther) {
  const TrainerConfig config = trainer_config_from_json(resolve_config({"finetuning_no_templ_ptm", {}, {}}));
  EXPECT_EQ(config.data.train.crop_size, 384);
  EXPECT_EQ(config.data.train.max_extra_msa, 5120);
  EXPECT_EQ(config.loss.violation.weight, 1.0);
  EXPECT_EQ(config.loss.tm.weight, 0.1);
  EXPECT_FALSE(config.model.template_.enabled);
  EXPECT_TRUE(config.model.heads.tm.enabled);
}

TEST(Presets, InitialTrainingIsTheStructsDefaults) {
  const auto tree = resolve_config({"initial_training", {}, {}});
  EXPECT_EQ(tree.at("model"), to_json(ModelConfig{}));
  EXPECT_EQ(tree.at("loss"), to_json(LossConfig{}));
  EXPECT_EQ(tree.at("data"), to_json(DataConfig{}));
}

TEST(Presets, AWrongNameGetsTheNearest) {
  EXPECT_THAT(usage_error({"initial_trainning", {}, {}}),
              AllOf(HasSubstr("'initial_trainning'"), HasSubstr("'initial_training'")));
}

TEST_F(ConfigFile, LaterLayersWin) {
  const std::string& path = write("preset = \"tiny\"\n[train]\nsteps = 7\n[clip]\nmax_norm = 2\n");
  const auto tree = resolve_config({"", {path}, {"train.steps=9"}});
  EXPECT_EQ(tree.at("preset"), "tiny");
  EXPECT_EQ(tree.at("train").at("steps"), 9);
  EXPECT_EQ(tree.at("clip").at("max_norm"), 2.0);
  EXPECT_TRUE(tree.at("clip").at("max_norm").is_number_float());
}

TEST_F(ConfigFile, APresetOnTheCommandLineWins) {
  EXPECT_EQ(resolve_config({"mlperf", {write("preset = \"tiny\"\n")}, {}}).at("preset"), "mlperf");
}

TEST_F(ConfigFile, PrintsWhatItReads) {
  for (const std::string& name : preset_names()) {
    SCOPED_TRACE(name);
    const auto tree = resolve_config({name, {}, {"train.output=\"a \\\"b\\\"\\n\\tü\"", "globals.c_z=48"}});
    const std::string text = print_config(tree);
    const auto again = resolve_config({"", {write(text)}, {}});
    EXPECT_EQ(again, tree);
    EXPECT_EQ(print_config(again), text);
  }
}

TEST_F(ConfigFile, AnUnknownKeyNamesFileLineAndNearestKey) {
  const std::string& path = write("[train]\nsteps = 5\n\n[data.train]\ncrop_sise = 64\n");
  EXPECT_THAT(usage_error({"tiny", {path}, {}}),
              AllOf(HasSubstr(path + ":5"), HasSubstr("'data.train.crop_sise'"), HasSubstr("'data.train.crop_size'")));
}

TEST_F(ConfigFile, ASyntaxErrorNamesFileAndLine) {
  const std::string& path = write("[train]\nsteps = \n");
  EXPECT_THAT(usage_error({"tiny", {path}, {}}), HasSubstr(path + ":2"));
}

TEST_F(ConfigFile, AMissingFileIsNamed) {
  EXPECT_THAT(usage_error({"tiny", {"/nowhere/run.toml"}, {}}), HasSubstr("/nowhere/run.toml"));
}

TEST_F(ConfigFile, AFolderIsNoFile) {
  EXPECT_THAT(usage_error({"tiny", {std::filesystem::temp_directory_path().string()}, {}}),
              AllOf(HasSubstr("is a folder"), HasSubstr("config.toml")));
}

TEST(Assignments, AnUnknownKeyIsNamedWithTheNearest) {
  EXPECT_THAT(usage_error({"tiny", {}, {"train.step=3"}}),
              AllOf(HasSubstr("--set train.step=3"), HasSubstr("'train.steps'")));
  EXPECT_THAT(usage_error({"tiny", {}, {"max_norm=3"}}), HasSubstr("'clip.max_norm'"));
  EXPECT_THAT(usage_error({"tiny", {}, {"evoformer_stack.no_blocks=3"}}),
              HasSubstr("'model.evoformer_stack.no_blocks'"));
}

TEST(Assignments, WrongTypesAndRangesAreNamed) {
  EXPECT_THAT(usage_error({"tiny", {}, {"train.steps=many"}}), AllOf(HasSubstr("'train.steps'"), HasSubstr("number")));
  EXPECT_THAT(usage_error({"tiny", {}, {"train.steps=0"}}), AllOf(HasSubstr("'train.steps'"), HasSubstr("at least 1")));
  EXPECT_THAT(usage_error({"tiny", {}, {"train.steps=1.5"}}), HasSubstr("whole number"));
  EXPECT_THAT(usage_error({"tiny", {}, {"ema.decay=1.5"}}), AllOf(HasSubstr("'ema.decay'"), HasSubstr("between")));
  EXPECT_THAT(usage_error({"tiny", {}, {"train.device=gpu"}}), HasSubstr("auto, cpu, cuda"));
  EXPECT_THAT(usage_error({"tiny", {}, {"profile.operators=1"}}), HasSubstr("true or false"));
  EXPECT_THAT(usage_error({"tiny", {}, {"model.evoformer_stack.no_blocks=0"}}), HasSubstr("at least 1"));
  EXPECT_THAT(usage_error({"tiny", {}, {"data.source.train_chains=3"}}), HasSubstr("list"));
  EXPECT_THAT(usage_error({"tiny", {}, {"clip.max_norm=nan"}}), HasSubstr("clip.max_norm"));
  EXPECT_THAT(usage_error({"tiny", {}, {"train=3"}}), HasSubstr("section"));
  EXPECT_THAT(usage_error({"tiny", {}, {"train.steps.x=3"}}), HasSubstr("unknown key 'train.steps.x'"));
  EXPECT_THAT(usage_error({"tiny", {}, {"train.steps"}}), HasSubstr("key.path=value"));
  EXPECT_THAT(usage_error({"tiny", {}, {"=3"}}), HasSubstr("key.path=value"));
  EXPECT_THAT(usage_error({"tiny", {}, {"preset=mlperf"}}), HasSubstr("--preset"));
}

TEST(Assignments, TakeListsNumbersAndBareWords) {
  const auto tree = resolve_config(
      {"tiny", {}, {"data.source.train_chains=[\"1ubi_A\", \"1ejg_A\"]", "train.device=cpu", "schedule.max_lr=1"}});
  EXPECT_EQ(tree.at("data").at("source").at("train_chains").size(), 2u);
  EXPECT_EQ(tree.at("train").at("device"), "cpu");
  EXPECT_EQ(tree.at("schedule").at("max_lr"), 1.0);
}

TEST(Globals, SetEveryKeyThatSharesThem) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(
      {"initial_training", {}, {"globals.c_m=40", "globals.c_z=24", "globals.c_s=56", "globals.seed=7"}}));
  EXPECT_EQ(config.model.input_embedder.c_m, 40);
  EXPECT_EQ(config.model.evoformer_stack.c_m, 40);
  EXPECT_EQ(config.model.heads.masked_msa.c_m, 40);
  EXPECT_EQ(config.model.structure_module.c_z, 24);
  EXPECT_EQ(config.model.extra_msa.extra_msa_stack.c_z, 24);
  EXPECT_EQ(config.model.heads.lddt.c_in, 56);
  EXPECT_EQ(config.train.seed, 7);
  EXPECT_EQ(config.data.seed, 7);
}

TEST(Tree, KeysThatContradictEachOtherAreRefused) {
  EXPECT_THAT(usage_error({"tiny", {}, {"model.evoformer_stack.c_m=128"}}), HasSubstr("globals.c_m"));
  EXPECT_THAT(usage_error({"tiny", {}, {"loss.tm.enabled=true"}}), HasSubstr("model.heads.tm.enabled"));
  EXPECT_THAT(usage_error({"tiny", {}, {"model.template.enabled=true"}}), HasSubstr("data.common.use_templates"));
}

TEST(Tree, SizesThatDoNotFitNameTheKeys) {
  const auto refused = [](const std::string& assignment) { return usage_error({"tiny", {}, {assignment}}); };
  EXPECT_THAT(refused("model.heads.distogram.no_bins=32"),
              AllOf(HasSubstr("model.heads.distogram.no_bins"), HasSubstr("loss.distogram.no_bins")));
  EXPECT_THAT(refused("loss.plddt_loss.no_bins=60"), HasSubstr("model.heads.lddt.no_bins"));
  EXPECT_THAT(refused("model.heads.masked_msa.c_out=22"), HasSubstr("loss.masked_msa.num_classes"));
  EXPECT_THAT(refused("data.common.msa_cluster_features=false"), HasSubstr("must be 25"));
  EXPECT_THAT(refused("model.structure_module.no_angles=6"), HasSubstr("must be 7"));
  EXPECT_THAT(refused("model.recycling_embedder.c_z=12"), HasSubstr("globals.c_z"));
  EXPECT_EQ(usage_error({"tiny", {}, {"data.common.msa_cluster_features=false", "model.input_embedder.msa_dim=25"}}),
            "no error");
}

TEST_F(ConfigFile, BaseIsForPresets) {
  EXPECT_THAT(usage_error({"", {write("base = \"tiny\"\n")}, {}}),
              AllOf(HasSubstr(path_ + ":1"), HasSubstr("'preset'")));
  EXPECT_THAT(usage_error({"", {}, {"base=tiny"}}), HasSubstr("'preset'"));
}

TEST(NearestName, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
  EXPECT_EQ(nearest_name("stpes", {"steps", "seed", "output"}), "steps");
  EXPECT_EQ(nearest_name("x", {}), "");
}

}  // namespace
}  // namespace foldperf::trainer
