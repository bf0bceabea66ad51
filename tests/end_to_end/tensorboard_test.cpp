// Event files of a real training run, read by a reader that shares nothing with the writer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

ProcessResult train(const fs::path& output, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {
      program("foldperf-train"), "--preset", "tiny", "--data", samples_dir().string(), "--output",
      output.string(),           "--steps",  "3",    "--quiet"};
  for (const char* assignment : {"train.evaluate_every=2", "train.evaluate_at_end=false", "train.threads=1",
                                 "train.device=cpu", "data.loader.order=strict"}) {
    command.insert(command.end(), {"--set", assignment});
  }
  command.insert(command.end(), more.begin(), more.end());
  return run_process(command);
}

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) found.push_back(json::parse(line));
  return found;
}

std::vector<std::string> event_files(const fs::path& output) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(output / "tensorboard")) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<json> read_events(const std::string& path) {
  const auto result =
      run_process({"python3", (project_dir() / "tests/trainer/telemetry/read_events.py").string(), path});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return json_lines(result.output);
}

TEST(TensorBoard, ChartsSayWhatTheMetricsSay) {
  const TemporaryFolder folder;
  const auto trained = train(folder.path());
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  ASSERT_EQ(event_files(folder.path()).size(), 1U);
  const auto events = read_events(event_files(folder.path()).front());

  std::map<std::string, std::map<int, double>> charts;
  std::string config;
  for (const json& event : events) {
    for (const json& value : event.value("values", json::array())) {
      if (value.contains("simple_value")) charts[value["tag"]][event["step"]] = value["simple_value"];
      if (value["tag"] == "config/text_summary") config = value["text"][0];
    }
  }
  EXPECT_EQ(events.front()["file_version"], "brain.Event:2");
  EXPECT_THAT(config, HasSubstr("    crop_size = "));
  int steps = 0;
  int chains = 0;
  for (const json& line : json_lines(read_file(folder / "metrics.jsonl"))) {
    const auto same = [&](const std::string& tag, const std::string& key, int step) {
      SCOPED_TRACE(tag);
      ASSERT_THAT(charts, Contains(Key(tag)));
      ASSERT_THAT(charts[tag], Contains(Key(step)));
      EXPECT_FLOAT_EQ(charts[tag][step], line[key].get<float>());
    };
    const int step = line["step"];
    if (line["kind"] == "train") {
      ++steps;
      for (const auto& [key, value] : line.items()) {
        if (key.rfind("loss.", 0) == 0) same("train/loss/" + key.substr(5), key, step + 1);
      }
      for (const char* key : {"loss", "lddt_ca", "grad_norm", "learning_rate"}) {
        if (!line[key].is_null()) same(std::string("train/") + key, key, step + 1);
      }
      same("time/step_s", "step_s", step + 1);
    } else if (line["kind"] == "eval_mean") {
      same("eval/lddt_ca", "lddt_ca", step);
      same("eval/gdt_ts", "gdt_ts", step);
    } else if (line["kind"] == "eval" && !line["lddt_ca"].is_null()) {
      ++chains;
      same("eval_chains/lddt_ca/" + line["chain"].get<std::string>(), "lddt_ca", step);
    }
  }
  EXPECT_EQ(steps, 3);
  EXPECT_GT(chains, 1);
}

TEST(TensorBoard, ARunFromTheStartReplacesAnEarlierOne) {
  const TemporaryFolder folder;
  ASSERT_EQ(train(folder.path()).exit_code, 0);
  ASSERT_EQ(train(folder.path(), {"--overwrite"}).exit_code, 0);
  const auto files = event_files(folder.path());
  ASSERT_EQ(files.size(), 2U);
  const auto events = read_events(files.back());
  EXPECT_EQ(events[1]["session"], 1);
  EXPECT_EQ(events[1]["step"], 0);
}

TEST(TensorBoard, AResumedRunGoesOnInAFileOfItsOwn) {
  const TemporaryFolder folder;
  ASSERT_EQ(train(folder.path()).exit_code, 0);
  const auto resumed =
      run_process({program("foldperf-train"), "--resume", folder.path().string(), "--steps", "5", "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  const auto files = event_files(folder.path());
  ASSERT_EQ(files.size(), 2U);
  std::vector<int> steps;
  for (const json& event : read_events(files.back())) {
    if (event.contains("session")) {
      EXPECT_EQ(event["step"], 4);  // nothing that the first file tells is dropped
    }
    for (const json& value : event.value("values", json::array())) {
      if (value["tag"] == "train/loss") steps.push_back(event["step"]);
    }
  }
  EXPECT_THAT(steps, ::testing::ElementsAre(4, 5));
}

TEST(TensorBoard, CanBeLeftOut) {
  const TemporaryFolder folder;
  ASSERT_EQ(train(folder.path(), {"--set", "train.tensorboard=false"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "tensorboard"));
}

// LibTorch exports parts of another version of protobuf: the program must neither offer it ours nor ask it for its.
TEST(TensorBoard, ProtobufOfTheProgramIsNobodyElses) {
  const auto symbols = run_process({NM, "--dynamic", program("foldperf-train")});
  ASSERT_EQ(symbols.exit_code, 0) << symbols.errors;
  EXPECT_THAT(symbols.output, HasSubstr("c10"));
  EXPECT_THAT(symbols.output, Not(HasSubstr("protobuf")));
}

}  // namespace
}  // namespace foldperf::testing
