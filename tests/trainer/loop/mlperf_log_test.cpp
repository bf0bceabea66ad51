// The log in MLPerf's format: its lines, their order, the rules of mlcommons/logging's checker for HPC v3.0.
#include "trainer/loop/mlperf_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/config/config_tree.hpp"

namespace foldperf::trainer {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

struct MlperfLogTest : public ::testing::Test {
  MlperfLogTest() {
    config = trainer_config_from_json(
        resolve_config({"mlperf", {}, {"train.steps=5", "train.evaluate_every=2", "train.accumulate_grad_batches=4"}}));
    log = std::make_unique<MlperfLog>(file(), [this] { return now; });
  }
  [[nodiscard]] std::string file() const { return (folder / "mlperf.log").string(); }

  void start(std::int64_t first_step = 0) {
    now += 7000;
    RunStart run{config};
    run.first_step = first_step;
    run.evaluation_chains = 2;
    run.training_chains = 300;
    run.parameters = 93'229'082;
    run.precision = "bf16";
    run.on_cpu = false;
    log->run_start(run);
  }
  void step(std::int64_t number) {
    now += 2000;
    StepMetrics metrics;
    metrics.step = number;
    const std::vector<facts::BatchFact> samples(4);
    const std::map<std::string, double> device;
    log->step({metrics, samples, 0, /*step_s=*/2, /*data_wait_s=*/0.25, device});
    result.steps = number + 1;
  }
  void evaluate(std::int64_t steps, double lddt_ca) {
    log->evaluation_start(steps);
    now += 5000;
    std::vector<ChainMetrics> chains(3);
    chains[0].chain = "a";
    chains[1].chain = "b";
    chains[2].values["lddt_ca"] = lddt_ca;
    log->evaluation({steps, chains, 5});
  }
  void end() { log->run_end(result); }

  [[nodiscard]] std::vector<json> lines() const {
    std::vector<json> parsed;
    std::ifstream in(file());
    for (std::string line; std::getline(in, line);) {
      EXPECT_EQ(line.rfind(":::MLLOG {", 0), 0u) << line;
      parsed.push_back(json::parse(line.substr(9)));
    }
    return parsed;
  }
  // Those from run_start on, as key and epoch_num.
  [[nodiscard]] std::vector<std::string> course() const {
    std::vector<std::string> keys;
    for (const json& line : lines()) {
      const std::string key = line.at("key");
      if (keys.empty() && key != "run_start") continue;
      if (key == "tracked_stats") continue;
      const json& about = line.at("metadata");
      keys.push_back(about.contains("epoch_num") ? key + " " + about.at("epoch_num").dump() : key);
    }
    return keys;
  }
  [[nodiscard]] json only(const std::string& key) const {
    json found;
    for (const json& line : lines()) {
      if (line.at("key") != key) continue;
      EXPECT_TRUE(found.is_null()) << key << " is there twice";
      found = line;
    }
    EXPECT_FALSE(found.is_null()) << "no " << key;
    return found;
  }

  ::foldperf::testing::TemporaryFolder folder;
  TrainerConfig config;
  std::int64_t now = 1'700'000'000'000;
  std::unique_ptr<MlperfLog> log;
  RunResult result;
};

TEST_F(MlperfLogTest, ARunFromItsStartToItsEnd) {
  start();
  step(0);
  step(1);
  evaluate(2, 0.25);
  step(2);
  step(3);
  evaluate(4, 0.5);
  step(4);
  evaluate(5, 0.75);
  end();
  EXPECT_THAT(course(), ElementsAre("run_start", "train_samples", "eval_samples", "initial_training_dataloader_type",
                                    "epoch_start 8", "epoch_stop 8", "eval_start 8", "eval_accuracy 8", "eval_stop 8",
                                    "epoch_start 16", "epoch_stop 16", "eval_start 16", "eval_accuracy 16",
                                    "eval_stop 16", "epoch_start 20", "epoch_stop 20", "eval_start 20",
                                    "eval_accuracy 20", "eval_stop 20", "run_stop 20"));
  const json stop = only("run_stop");
  EXPECT_EQ(stop.at("metadata").at("status"), "success") << "no target: all steps were made";
  EXPECT_EQ(stop.at("event_type"), "INTERVAL_END");
  EXPECT_EQ(only("train_samples").at("value"), 300);
  EXPECT_EQ(only("eval_samples").at("value"), 2);
}

TEST_F(MlperfLogTest, LinesHaveTheFieldsAndTimesOfMllog) {
  start();
  step(0);
  step(1);
  evaluate(2, 0.25);
  end();
  std::int64_t before = 0;
  for (const json& line : lines()) {
    EXPECT_EQ(line.size(), 6u);
    EXPECT_EQ(line.at("namespace"), "");
    EXPECT_TRUE(line.at("metadata").is_object());
    const std::string type = line.at("event_type");
    EXPECT_TRUE(type == "INTERVAL_START" || type == "INTERVAL_END" || type == "POINT_IN_TIME");
    EXPECT_GE(line.at("time_ms").get<std::int64_t>(), before) << line;
    before = line.at("time_ms");
  }
  EXPECT_EQ(only("init_start").at("time_ms"), 1'700'000'000'000) << "when the log was made";
  EXPECT_EQ(only("run_start").at("time_ms"), 1'700'000'007'000);
  EXPECT_EQ(only("epoch_start").at("time_ms"), 1'700'000'007'000) << "when its first step began";
  EXPECT_EQ(only("epoch_stop").at("time_ms"), 1'700'000'011'000);
  EXPECT_EQ(only("eval_accuracy").at("value"), 0.25);
  double throughput = 0, wait = 0;
  for (const json& line : lines()) {
    if (line.at("key") != "tracked_stats") continue;
    throughput += line.at("value").value("throughput", 0.0);
    wait += line.at("value").value("avg_perf_next_batch", 0.0);
  }
  EXPECT_DOUBLE_EQ(throughput, 2) << "8 samples in 4 s";
  EXPECT_DOUBLE_EQ(wait, 0.25);
}

// mlperf_logging/compliance_checker/hpc_3.0.0/closed_openfold.yaml: keys that are there exactly once, and values that
// the benchmark's rules fix, of the preset of its name.
TEST_F(MlperfLogTest, SettingsAreThoseThatTheCheckerAsksFor) {
  start();
  step(0);
  evaluate(1, 0.8);
  end();
  const json expected{{"global_batch_size", 4},
                      {"val_every_iters", 2},
                      {"model_parameters_count", 93229082},
                      {"train_sequence_crop_size", 256},
                      {"num_recycling_iters", 3},
                      {"max_msa_clusters", 124},
                      {"max_extra_msa", 1024},
                      {"templates_enabled", true},
                      {"max_templates", 4},
                      {"fape_loss_weight", 1.0},
                      {"fape_loss_backbone_weight", 0.5},
                      {"fape_loss_sidechain_weight", 0.5},
                      {"supervised_chi_loss_weight", 1.0},
                      {"distogram_loss_weight", 0.3},
                      {"masked_msa_loss_weight", 2.0},
                      {"plddt_loss_weight", 0.01},
                      {"opt_name", "Adam"},
                      {"opt_adam_beta_1", 0.9},
                      {"opt_adam_beta_2", 0.999},
                      {"opt_adam_epsilon", 1e-6},
                      {"opt_weight_decay", 0.0},
                      {"opt_amsgrad", false},
                      {"opt_gradient_clipping", true},
                      {"opt_gradient_clip_norm", 0.1},
                      {"swa_enabled", true},
                      {"swa_decay_rate", 0.9},
                      {"opt_base_learning_rate", 1e-3},
                      {"number_of_nodes", 1},
                      {"accelerators_per_node", 1},
                      {"gradient_accumulation_steps", 4},
                      {"precision", "bf16"},
                      {"target_avg_lddt_ca_value", 0.0},
                      {"submission_benchmark", "openfold"},
                      {"seed", 42}};
  for (const auto& [key, value] : expected.items()) EXPECT_EQ(only(key).at("value"), value) << key;
  for (const char* key :
       {"submission_org", "submission_platform", "submission_division", "submission_status", "cache_clear",
        "init_start", "init_stop", "opt_learning_rate_warmup_init", "opt_learning_rate_warmup_steps"}) {
    (void)only(key);
  }
}

TEST_F(MlperfLogTest, StatusFollowsTheTarget) {
  const auto status = [&](double target, bool reached, bool interrupted, std::int64_t steps) {
    config.train.target_lddt_ca = target;
    log = std::make_unique<MlperfLog>(file(), [this] { return now; });
    start();
    for (std::int64_t i = 0; i < steps; ++i) step(i);
    result.target_reached = reached;
    result.interrupted = interrupted;
    end();
    return only("run_stop").at("metadata").at("status").get<std::string>();
  };
  EXPECT_EQ(status(0.8, true, false, 2), "success");
  EXPECT_EQ(status(0.8, false, false, 5), "aborted") << "all steps, but not the target";
  EXPECT_EQ(status(0, false, true, 2), "aborted");
  EXPECT_EQ(status(0, false, false, 3), "aborted") << "an error ended it";
  EXPECT_EQ(status(0, false, false, 5), "success");
}

TEST_F(MlperfLogTest, AnEvaluationThatWasBrokenOffHasNoAccuracy) {
  start();
  step(0);
  log->evaluation_start(1);
  log->evaluation({1, {}, 1});
  result.interrupted = true;
  end();
  for (const json& line : lines()) EXPECT_NE(line.at("key"), "eval_accuracy");
  (void)only("eval_stop");
}

TEST_F(MlperfLogTest, ScoresThatAreNoNumbersAreNull) {
  start();
  evaluate(0, std::nan(""));
  end();
  EXPECT_TRUE(only("eval_accuracy").at("value").is_null());
}

TEST_F(MlperfLogTest, ARunThatGoesOnAppends) {
  start();
  step(0);
  end();
  const std::size_t before = lines().size();
  log = std::make_unique<MlperfLog>(file(), [this] { return now; });
  start(/*first_step=*/1);
  end();
  const auto all = lines();
  EXPECT_GT(all.size(), before + 10);
  EXPECT_EQ(all[before].at("key"), "init_start");
  EXPECT_EQ(all.back().at("metadata").at("status"), "aborted");
}

TEST_F(MlperfLogTest, AFileThatCannotBeWrittenIsNamed) {
  log = std::make_unique<MlperfLog>("/proc/none/mlperf.log");
  EXPECT_THAT(testing::message_of<SystemError>([&] { start(); }), ::testing::HasSubstr("/proc/none/mlperf.log"));
}

}  // namespace
}  // namespace foldperf::trainer
