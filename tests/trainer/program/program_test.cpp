// foldperf-train as a person runs it.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/process.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::BackgroundProcess;
using ::foldperf::testing::ProcessResult;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string samples() { return ::foldperf::testing::samples_dir().string(); }

std::vector<std::string> command(const fs::path& output, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {::foldperf::testing::program("foldperf-train"),
                                    "--preset",
                                    "tiny",
                                    "--data",
                                    samples(),
                                    "--output",
                                    output.string(),
                                    "--set",
                                    "globals.c_m=16",
                                    "--set",
                                    "globals.c_z=8",
                                    "--set",
                                    "globals.c_s=16",
                                    "--set",
                                    "model.structure_module.no_blocks=1",
                                    "--set",
                                    "data.train.crop_size=16",
                                    "--set",
                                    "data.source.train_chains=[\"1as5_A\"]",
                                    "--set",
                                    "train.threads=1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

ProcessResult run(const std::vector<std::string>& words) { return ::foldperf::testing::run_process(words); }

std::size_t lines_of(const fs::path& file) {
  std::ifstream in(file);
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

TEST(Program, TrainsAndSaysWhereItsFilesAre) {
  const TemporaryFolder folder;
  const ProcessResult result = run(command(folder / "run", {"--steps", "3"}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.errors, AllOf(HasSubstr("step 3/3"), HasSubstr((folder / "run").string())));
  EXPECT_TRUE(fs::exists(folder / "run" / "weights.pt"));
}

TEST(Program, QuietIsSilent) {
  const TemporaryFolder folder;
  const ProcessResult result = run(command(folder / "run", {"--steps", "1", "--quiet"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output + result.errors, "");
}

TEST(Program, CtrlCFinishesTheStepAndWritesTheWeights) {
  for (const int number : {SIGINT, SIGTERM}) {
    const TemporaryFolder folder;
    BackgroundProcess child(command(folder / "run", {"--steps", "1000000"}));
    const fs::path metrics = folder / "run" / "metrics.jsonl";
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (lines_of(metrics) < 2 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ASSERT_GE(lines_of(metrics), 2u);
    ::kill(child.pid(), number);
    const ProcessResult result = child.wait();
    EXPECT_EQ(result.exit_code, 130) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr("stopping after this step"));
    EXPECT_TRUE(fs::exists(folder / "run" / "weights.pt"));
    EXPECT_FALSE(fs::is_empty(folder / "run" / "checkpoints"));
    std::ifstream in(metrics);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(text.back(), '\n') << "the last line is whole";
  }
}

TEST(Program, GoesOnWithARunThatWasStopped) {
  const TemporaryFolder folder;
  const fs::path output = folder / "run", metrics = output / "metrics.jsonl";
  ASSERT_EQ(run(command(output, {"--steps", "3", "--quiet"})).exit_code, 0);
  EXPECT_TRUE(fs::exists(output / "checkpoints" / "step-000000003.pt"));

  // Without --resume nothing of it is overwritten.
  const ProcessResult again = run(command(output, {"--steps", "3"}));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.errors, AllOf(HasSubstr("--resume"), HasSubstr("--overwrite")));

  // By its folder alone, under another name: the configuration is the checkpoint's.
  fs::rename(output, folder / "moved");
  const std::string program = ::foldperf::testing::program("foldperf-train");
  const ProcessResult more = run({program, "--resume", (folder / "moved").string(), "--steps", "5"});
  EXPECT_EQ(more.exit_code, 0) << more.errors;
  EXPECT_THAT(more.errors, AllOf(HasSubstr("going on after step 3 of 5"), HasSubstr("train.steps: 3, now 5")));
  EXPECT_GE(lines_of(folder / "moved" / "metrics.jsonl"), 5u);
  EXPECT_FALSE(fs::exists(output));

  // As in a job's script: begins, and goes on.
  for (const char* words : {"has no checkpoint yet", "going on after step 2 of 2"}) {
    const ProcessResult job = run(command(folder / "job", {"--steps", "2", "--resume"}));
    EXPECT_EQ(job.exit_code, 0) << job.errors;
    EXPECT_THAT(job.errors, HasSubstr(words));
  }
  const ProcessResult anew = run(command(folder / "job", {"--steps", "1", "--overwrite", "--quiet"}));
  EXPECT_EQ(anew.exit_code, 0) << anew.errors;
  EXPECT_FALSE(fs::exists(folder / "job" / "checkpoints" / "step-000000002.pt"));
  // Nothing is removed for a run that cannot begin.
  const ProcessResult typo = run(command(folder / "job", {"--overwrite", "--set", "train.initial_weights=typo.pt"}));
  EXPECT_NE(typo.exit_code, 0);
  EXPECT_THAT(typo.errors, HasSubstr("typo.pt"));
  EXPECT_TRUE(fs::exists(folder / "job" / "checkpoints" / "step-000000001.pt"));
  EXPECT_EQ(run({program, "--resume", (folder / "none").string()}).exit_code, 3);
  EXPECT_EQ(run(command(folder / "job", {"--resume", "--overwrite"})).exit_code, 2);
}

TEST(Program, MistakesHaveTheirExitCodes) {
  const TemporaryFolder folder;
  const auto expect = [&](std::vector<std::string> arguments, int code, const std::string& text) {
    arguments.insert(arguments.begin(), {::foldperf::testing::program("foldperf-train"), "--steps", "1"});
    const ProcessResult result = run(arguments);
    EXPECT_EQ(result.exit_code, code) << text << "\n" << result.errors;
    EXPECT_THAT(result.errors, AllOf(HasSubstr("foldperf-train: "), HasSubstr(text)));
    EXPECT_EQ(result.output, "");
  };
  const std::string output = (folder / "run").string();
  expect({"--set", "train.step=3"}, 2, "'train.steps'");
  expect({"--nonsense"}, 2, "--nonsense");
  expect({"--preset", "tinny"}, 2, "'tiny'");
  expect({"--preset", "tiny"}, 2, "train_data_dir");
  expect({"--preset", "tiny", "--data", (folder / "none").string()}, 3, "none");
  expect({"--preset", "tiny", "--data", samples(), "--set", "data.source.train_chains=[\"9zzz_A\"]"}, 3, "9zzz");
  expect({"--preset", "tiny", "--data", samples(), "--output", output, "--set", "train.initial_weights=no.pt"}, 3,
         "no.pt");
  expect({"--preset", "tiny", "--data", samples(), "--output", "/proc/none/run"}, 4, "/proc/none/run");
}

TEST(Program, PrintsAConfigurationThatItReadsBack) {
  const TemporaryFolder folder;
  const ProcessResult first = run(command(folder / "run", {"--print-config"}));
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  std::ofstream(folder / "run.toml") << first.output;
  const ProcessResult second = run(
      {::foldperf::testing::program("foldperf-train"), "--config", (folder / "run.toml").string(), "--print-config"});
  EXPECT_EQ(second.exit_code, 0) << second.errors;
  EXPECT_EQ(second.output, first.output);
}

}  // namespace
}  // namespace foldperf::trainer
