#include "trainer/program/command_line.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::HasSubstr;

std::string usage_error(const std::vector<std::string>& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CommandLine, OptionsBecomeSettings) {
  const CommandLine line =
      parse_command_line({"--preset", "tiny", "--data", "a \"b\"", "--alignments", "c", "--output", "d", "--steps", "7",
                          "--set", "data.seed=3", "--set", "clip.max_norm=1"});
  EXPECT_TRUE(line.answer.empty());
  const auto tree = resolve_config(line.sources);
  EXPECT_EQ(tree.at("preset"), "tiny");
  EXPECT_EQ(tree.at("data").at("source").at("train_data_dir"), "a \"b\"");
  EXPECT_EQ(tree.at("data").at("source").at("train_alignment_dir"), "c");
  EXPECT_EQ(tree.at("train").at("output"), "d");
  EXPECT_EQ(tree.at("train").at("steps"), 7);
  EXPECT_EQ(tree.at("data").at("seed"), 3);
  EXPECT_EQ(tree.at("clip").at("max_norm"), 1.0);
}

TEST(CommandLine, AListIsOneSetting) {
  const CommandLine line = parse_command_line({"--set", R"(data.source.train_chains=["1ubi_A", "1ejg_A"])"});
  EXPECT_EQ(resolve_config(line.sources).at("data").at("source").at("train_chains").size(), 2u);
}

TEST(CommandLine, AnswersHelpVersionAndPresets) {
  EXPECT_THAT(parse_command_line({"--help"}).answer, HasSubstr("Examples:"));
  EXPECT_THAT(parse_command_line({"--version"}).answer, HasSubstr("foldperf-train 0."));
  EXPECT_THAT(parse_command_line({"--list-presets"}).answer, HasSubstr("initial_training\n"));
}

TEST(CommandLine, MistakesAreUsageErrors) {
  EXPECT_THAT(usage_error({"--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(usage_error({"--steps", "many"}), HasSubstr("--steps"));
  EXPECT_THAT(usage_error({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(usage_error({"features"}), HasSubstr("chain"));
  EXPECT_THAT(usage_error({"check-data", "--limit", "-1"}), HasSubstr("--limit"));
  EXPECT_THAT(usage_error({"check-data", "--limit", "x"}), HasSubstr("--limit"));
}

TEST(CommandLine, WhatOnlyTrainingUsesIsRefusedElsewhere) {
  EXPECT_THAT(usage_error({"predict", "1ubi_A", "--dry-run"}), HasSubstr("--dry-run is an option of training"));
  EXPECT_THAT(usage_error({"evaluate", "--output", "scores"}), HasSubstr("-o, --folder"));
  EXPECT_THAT(usage_error({"features", "1ubi_A", "--output", "f"}), HasSubstr("-o, --file"));
  EXPECT_THAT(usage_error({"evaluate", "--resume"}), HasSubstr("not of evaluate"));
  EXPECT_THAT(usage_error({"--steps", "3", "check-data"}), HasSubstr("not of check-data"));
  EXPECT_THAT(usage_error({"caches", "--print-config"}), HasSubstr("--print-config"));
}

TEST(CommandLine, CommandsTakeTheSettingsOfTraining) {
  const CommandLine line = parse_command_line(
      {"features", "1ubi_A", "--preset", "tiny", "--data", "d", "--set", "data.seed=3", "--index", "7", "-o", "f.pt"});
  EXPECT_EQ(line.command, Command::features);
  EXPECT_EQ(line.chain, "1ubi_A");
  EXPECT_EQ(line.file, "f.pt");
  EXPECT_EQ(line.index, 7U);
  const auto tree = resolve_config(line.sources);
  EXPECT_EQ(tree.at("data").at("source").at("train_data_dir"), "d");
  EXPECT_EQ(tree.at("data").at("seed"), 3);
  EXPECT_EQ(parse_command_line({"--data", "d", "check-data", "--limit", "5"}).limit, 5);
  EXPECT_EQ(parse_command_line({"pack", "x.sqlar", "--verify"}).command, Command::pack);
  EXPECT_EQ(parse_command_line({"--steps", "3"}).command, Command::train);
}

}  // namespace
}  // namespace foldperf::trainer
