// What foldperf-train says about memory, and what it makes of a budget, as a person runs it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/support/process.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::ProcessResult;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ProcessResult foldperf_train(std::vector<std::string> words) {
  words.insert(words.begin(), ::foldperf::testing::program("foldperf-train"));
  return ::foldperf::testing::run_process(words);
}

TEST(Memory, ADryRunNeedsNeitherDataNorGpu) {
  const TemporaryFolder folder;
  const ProcessResult result =
      foldperf_train({"--preset", "initial_training", "--dry-run", "--output", (folder / "run").string()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("preset initial_training"), HasSubstr("crop 256"), HasSubstr("4 passes"),
                                   HasSubstr("parameters"), HasSubstr("moving average"), HasSubstr("backward"),
                                   HasSubstr("1024 residues")));
  EXPECT_FALSE(fs::exists(folder / "run"));
}

TEST(Memory, ADryRunSaysWhetherItFitsAndWhatWould) {
  const auto plan = [](const std::string& memory, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"--preset",
                                      "initial_training",
                                      "--dry-run",
                                      "--memory",
                                      memory,
                                      "--set",
                                      "model.evoformer_stack.no_blocks=24",
                                      "--set",
                                      "data.eval.crop_size=256"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = foldperf_train(words);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output;
  };
  EXPECT_THAT(plan("80"), AllOf(HasSubstr("Fits in a device of 80.00 GiB"), HasSubstr("--set train.memory=80")));
  EXPECT_THAT(plan("40", {"--set", "model.blocks_per_checkpoint=0"}),
              AllOf(HasSubstr("all activations kept"), HasSubstr("Does not fit"),
                    HasSubstr("--set model.blocks_per_checkpoint=1")));
  EXPECT_THAT(plan("6"), AllOf(HasSubstr("Does not fit"), HasSubstr("data.train.crop_size=")));
  const std::string with_budget = plan("80", {"--set", "train.memory=20"});
  EXPECT_THAT(with_budget, AllOf(HasSubstr(" of 30 blocks keep their activations"), HasSubstr("of 20.00 GiB")));
  EXPECT_NE(plan("80", {"--set", "train.memory=30"}), with_budget);
}

TEST(Memory, MistakesAreExplained) {
  const auto expect = [&](const std::vector<std::string>& words, const std::string& text) {
    const ProcessResult result = foldperf_train(words);
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr(text));
    EXPECT_EQ(result.output, "");
  };
  expect({"--memory", "40"}, "--memory goes with --dry-run");
  expect({"--dry-run", "--memory", "-1"}, "--memory must be a number of GiB above 0");
  expect({"--dry-run", "--memory", "inf"}, "--memory must be a number of GiB above 0");
  expect({"--dry-run", "--set", "train.memory=much"}, "'train.memory' must be off, auto or a number of GiB above 0");
  expect({"--dry-run", "--set", "train.memory=0"}, "'train.memory' must be off, auto or a number of GiB above 0");
  expect({"--dry-run", "--preset", "initial_training", "--set", "train.memory=2"}, "needs ");
}

// Metrics without times.
std::vector<nlohmann::json> metrics_of(const fs::path& folder) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(folder / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) {
    nlohmann::json values = nlohmann::json::parse(line);
    for (const char* name : {"step_s", "data_wait_s", "evaluation_s", "samples_s"}) values.erase(name);
    lines.push_back(std::move(values));
  }
  return lines;
}

// The budget in which a step just fits with everything recomputed, GiB: the program's own words, and a little more.
std::string a_little_above(const std::string& refusal) {
  std::smatch found;
  if (!std::regex_search(refusal, found, std::regex("a step needs ([0-9.]+) GiB even")))
    return "no budget in: " + refusal;
  return std::to_string(std::stod(found[1]) + 0.006);
}

TEST(Memory, ABudgetChangesThePlanAndNotTheNumbers) {
  const TemporaryFolder folder;
  const auto train = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"--preset", "tiny",
                                      "--data",   ::foldperf::testing::samples_dir().string(),
                                      "--output", (folder / name).string(),
                                      "--steps",  "3",
                                      "--set",    "data.source.train_chains=[\"1as5_A\"]",
                                      "--set",    "data.loader.order=strict",
                                      "--set",    "model.evoformer_stack.no_blocks=4",
                                      "--set",    "model.evoformer_stack.msa_dropout=0.15",
                                      "--set",    "model.evoformer_stack.pair_dropout=0.25",
                                      "--set",    "train.device=cpu",
                                      "--set",    "train.threads=1"};
    words.insert(words.end(), more.begin(), more.end());
    return foldperf_train(words);
  };
  const auto trained = [&](const std::string& name, const std::vector<std::string>& more) {
    const ProcessResult result = train(name, more);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.errors;
  };
  const ProcessResult refused = train("refused", {"--set", "train.memory=0.1"});
  EXPECT_EQ(refused.exit_code, 2);
  // Between none and all of the blocks.
  EXPECT_THAT(trained("plain", {}), Not(HasSubstr("keep their activations")));
  const std::string tight = trained("tight", {"--set", "train.memory=" + a_little_above(refused.errors)});
  const std::string ample = trained("ample", {"--set", "train.memory=8"});
  EXPECT_THAT(tight, HasSubstr(" of 4 blocks keep their activations"));
  EXPECT_THAT(tight, Not(HasSubstr("4 of 4 blocks keep their activations")));
  EXPECT_THAT(ample, HasSubstr("4 of 4 blocks keep their activations"));
  const auto plain = metrics_of(folder / "plain");
  ASSERT_GE(plain.size(), 3U);
  EXPECT_EQ(metrics_of(folder / "tight"), plain);
  EXPECT_EQ(metrics_of(folder / "ample"), plain);
  std::ifstream in(folder / "ample" / "config.toml");
  const std::string config((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(config, AllOf(HasSubstr("blocks_kept = 4"), HasSubstr("memory = '8'")));
}

}  // namespace
}  // namespace foldperf::trainer
