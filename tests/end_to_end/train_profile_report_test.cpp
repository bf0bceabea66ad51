// The main job with the real programs: train on real proteins under the profiler, read where the time went.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string samples() { return samples_dir().string(); }

// `tiny` on the sample proteins, a few steps only.
std::vector<std::string> training(const TemporaryFolder& folder, const std::string& steps) {
  return {program("foldperf-train"),
          "--preset",
          "tiny",
          "--data",
          samples(),
          "--output",
          folder / "out",
          "--steps",
          steps,
          "--set",
          "train.evaluate_every=0",
          "--set",
          "train.threads=1"};
}

std::vector<std::string> profiled(const TemporaryFolder& folder, const std::vector<std::string>& command) {
  std::vector<std::string> words = {program("foldperf"), "profile", "-o", folder / "run.db", "--"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

json report(const TemporaryFolder& folder) {
  const ProcessResult result = run_process({program("foldperf"), "report", folder / "run.db", "--format", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return json::parse(result.output);
}

const json* find(const json& list, const std::string& key, const std::string& value) {
  for (const json& item : list) {
    if (item.at(key) == value) return &item;
  }
  return nullptr;
}

TEST(TrainUnderProfile, RecordsStepsModulesOperatorsBatchesAndMetrics) {
  const TemporaryFolder folder;
  auto command = training(folder, "3");
  command.insert(command.end(), {"--set", "profile.operators=true"});
  const ProcessResult run = run_process(profiled(folder, command));
  ASSERT_EQ(run.exit_code, 0) << run.errors;

  const json result = report(folder);
  EXPECT_EQ(result["run"]["state"], "finished");
  EXPECT_EQ(result["run"]["unclosed_ranges"], 0);
  EXPECT_EQ(result["record"]["dropped_total"], 0);
  EXPECT_EQ(result["steps"]["count"], 3);
  EXPECT_EQ(result["steps"]["incomplete"], 0);

  for (const char* phase : {"data_wait", "forward", "loss", "backward", "clip", "optimizer", "ema"}) {
    const json* found = find(result["phases"], "phase", phase);
    ASSERT_TRUE(found) << phase;
    EXPECT_EQ((*found)["count"], 3) << phase;
  }
  // Every part of a step belongs to a phase or to the rest of it.
  std::int64_t phases_ns = 0;
  for (const json& phase : result["phases"]) phases_ns += phase["in_steps_ns"].get<std::int64_t>();
  EXPECT_EQ(phases_ns, result["steps"]["total_ns"].get<std::int64_t>());

  for (const char* path : {"evoformer.blocks.*.msa_att_row", "structure_module.ipa", "input_embedder"}) {
    const json* module = find(result["modules"]["folded"], "path", path);
    ASSERT_TRUE(module) << path;
    EXPECT_GT((*module)["forward"]["total_ns"], 0) << path;
    EXPECT_GT((*module)["backward"]["total_ns"], 0) << path;
    EXPECT_GE((*module)["forward"]["total_ns"], (*module)["forward"]["self_ns"]) << path;
  }
  const json* matmul = find(result["operators"], "name", "aten::addmm");
  ASSERT_TRUE(matmul) << "operators were to be recorded";
  EXPECT_GT((*matmul)["forward_ns"], 0);
  EXPECT_EQ(result["data"]["batches"], 3);
  const json* loss = find(result["metrics"], "name", "loss");
  ASSERT_TRUE(loss);
  const json* lddt = nullptr;
  for (const json& metric : result["metrics"]) {
    if (metric["name"] == "lddt_ca" && metric["split"] == "eval") lddt = &metric;
  }
  ASSERT_TRUE(lddt) << "the evaluation at the end";
  EXPECT_GE((*lddt)["chains"].size(), 4U) << "at least four real chains travel with the project";
}

TEST(TrainUnderProfile, ReportsAsTextAndAsOnePage) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_process(profiled(folder, training(folder, "2"))).exit_code, 0);
  const ProcessResult text = run_process({program("foldperf"), "report", folder / "run.db"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.output, AllOf(HasSubstr("median"), HasSubstr("evoformer"), HasSubstr("backward")));
  const ProcessResult html =
      run_process({program("foldperf"), "report", folder / "run.db", "--format", "html", "-o", folder / "run.html"});
  EXPECT_EQ(html.exit_code, 0) << html.errors;
  EXPECT_THAT(read_file(folder / "run.html"),
              AllOf(HasSubstr("<svg"), HasSubstr("evoformer"), Not(HasSubstr("http-equiv=\"refresh\"")),
                    Not(HasSubstr("src=\"http")), Not(HasSubstr("href=\"http"))));
}

TEST(TrainUnderProfile, CtrlCFinishesTheStepAndLeavesAReadableDatabase) {
  const TemporaryFolder folder;
  BackgroundProcess run(profiled(folder, training(folder, "100000")));
  // Wait for a second line of metrics: the loop is running.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(3);
  const auto lines = [&] {
    std::error_code missing;
    if (!std::filesystem::exists(folder / "out" / "metrics.jsonl", missing)) return std::ptrdiff_t{0};
    const std::string text = read_file(folder / "out" / "metrics.jsonl");
    return std::count(text.begin(), text.end(), '\n');
  };
  while (lines() < 2 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_GE(lines(), 2) << "no step within three minutes";
  run.signal_group(SIGINT);
  const ProcessResult result = run.wait();
  EXPECT_EQ(result.exit_code, 130) << result.errors;

  const json read = report(folder);
  EXPECT_GE(read["steps"]["count"], 2);
  EXPECT_EQ(read["steps"]["incomplete"], 0) << "the step was to be finished";
  EXPECT_EQ(read["run"]["exit_code"], 130);
  EXPECT_TRUE(std::filesystem::exists(folder / "out" / "weights.pt"));
}

// What people get wrong, as one line that names it, and an exit code that says what kind it was.
TEST(BadInput, IsNamedInOneLine) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "empty");
  const std::string train = program("foldperf-train");
  struct Case {
    std::vector<std::string> command;
    int exit_code;
    std::vector<std::string> named;
  };
  const std::vector<Case> cases = {
      {{train, "--preset", "tiny", "--data", folder / "empty"}, 3, {(folder / "empty").string()}},
      {{train, "--preset", "tiny", "--data", folder / "missing"}, 3, {(folder / "missing").string()}},
      {{train, "--preset", "tinny", "--data", samples()}, 2, {"tinny", "tiny"}},
      {{train, "--preset", "tiny", "--data", samples(), "--set", "train.step=3"}, 2, {"train.step", "train.steps"}},
      {{train, "--preset", "tiny", "--data", samples(), "--set", "train.steps=many"}, 2, {"train.steps"}},
      {{train, "--config", folder / "none.toml", "--data", samples()}, 2, {"none.toml"}},
      {{program("foldperf"), "report", folder / "none.db"}, 3, {"none.db"}},
      {{program("foldperf"), "reprot"}, 2, {"report"}},
      {{program("foldperf"), "profile", "-o", folder / "x.db", "--", "/no/such/program"}, 127, {"/no/such/program"}},
  };
  for (const Case& example : cases) {
    const ProcessResult result = run_process(example.command);
    std::ostringstream words;
    for (const std::string& word : example.command) words << word << ' ';
    EXPECT_EQ(result.exit_code, example.exit_code) << words.str() << '\n' << result.errors;
    for (const std::string& name : example.named) EXPECT_THAT(result.errors, HasSubstr(name)) << words.str();
    EXPECT_THAT(result.errors, Not(HasSubstr("terminate called"))) << words.str();
  }
}

}  // namespace
}  // namespace foldperf::testing
