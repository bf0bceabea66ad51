// Runs that stop and go on: a very small model, real structures.
#include "trainer/checkpoint/resume.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/training_run.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::message_of;
using ::foldperf::testing::read_file;
using ::foldperf::testing::write_file;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::set<std::int64_t> tickets(const QueueProgress& progress) {
  std::set<std::int64_t> result(progress.ahead.begin(), progress.ahead.end());
  for (std::int64_t ticket = 0; ticket < progress.next_turn; ++ticket) result.insert(ticket);
  return result;
}

// The loader's batches; keeps which samples they were.
class RecordedBatches : public BatchSource {
 public:
  RecordedBatches(const TrainerConfig& config, const QueueProgress& done)
      : source_(config.data, at::kCPU, done), seen_(tickets(done)) {}
  TrainingBatch next() override {
    TrainingBatch batch = source_.next();
    for (const std::int64_t ticket : tickets(batch.progress)) {
      if (seen_.insert(ticket).second) samples[ticket] = batch.features.at("msa_feat").clone();
    }
    return batch;
  }
  std::map<std::int64_t, at::Tensor> samples;  // by ticket

 private:
  LoaderSource source_;
  std::set<std::int64_t> seen_;
};

class ResumedRun : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }

  void configure(const std::string& output, std::vector<std::string> assignments = {}) {
    std::vector<std::string> all = {"globals.c_m=16",
                                    "globals.c_z=8",
                                    "globals.c_s=16",
                                    "model.structure_module.no_blocks=2",
                                    "model.evoformer_stack.pair_dropout=0.2",
                                    "data.train.crop_size=24",
                                    "data.train.max_msa_clusters=4",
                                    "data.eval.max_msa_clusters=4",
                                    "data.train.masked_msa_replace_fraction=0.15",
                                    "data.common.max_recycling_iters=1",
                                    "data.source.train_data_dir=\"" + testing::samples_dir().string() + "\"",
                                    "data.source.train_chains=[\"1ejg_A\", \"1as5_A\"]",
                                    "data.loader.order=strict",
                                    "data.loader.num_workers=2",
                                    "schedule.base_lr=1e-3",
                                    "schedule.max_lr=3e-3",
                                    "schedule.warmup_no_steps=8",
                                    "train.steps=12",
                                    "train.evaluate_every=6",
                                    "train.device=cpu",
                                    "checkpoint.every_steps=3",
                                    "train.output=\"" + (folder / output).string() + "\""};
    all.insert(all.end(), assignments.begin(), assignments.end());
    tree = resolve_config({"tiny", {}, all});
    config = trainer_config_from_json(tree);
  }

  RunResult run(ResumePoint* resume = nullptr, const RunBeginning& beginning = {}) {
    RecordedBatches batches(config, resume != nullptr ? resume->state.data : QueueProgress{});
    EvaluationChains evaluation(config.data);
    const RunResult result =
        run_training(config, tree, batches, evaluation, log, ProgressStyle::lines, resume, beginning);
    for (const auto& [ticket, sample] : batches.samples) {
      EXPECT_TRUE(samples.emplace(ticket, sample).second) << "sample " << ticket << " came twice";
    }
    return result;
  }
  // As --resume does.
  RunResult resume(const std::string& from) {
    auto point = find_resume_point((folder / from).string(), [this](const std::string& text) { log << text << "\n"; });
    if (!point) throw Error("no checkpoint in " + from);
    set_damaged_aside(*point);
    return run(&*point);
  }

  [[nodiscard]] std::vector<json> metrics(const std::string& output) const {
    std::vector<json> lines;
    std::ifstream file(folder / output / "metrics.jsonl");
    for (std::string text; std::getline(file, text);) {
      json line = json::parse(text);
      for (const char* clock : {"step_s", "data_wait_s", "evaluation_s"}) line.erase(clock);
      lines.push_back(std::move(line));
    }
    return lines;
  }
  [[nodiscard]] RunState state(const std::string& output, std::int64_t steps) const {
    return read_checkpoint(CheckpointFolder(checkpoints_of(folder / output)).file(steps).string());
  }
  // Of MLPerf's log: how often each key stands there, "key" or "key step".
  [[nodiscard]] std::map<std::string, int> mlperf_keys() const {
    std::map<std::string, int> keys;
    std::ifstream file(folder / "mlperf.log");
    for (std::string text; std::getline(file, text);) {
      const json line = json::parse(text.substr(9));
      const std::string key = line.at("key");
      ++keys[key];
      if (line.at("metadata").contains("step")) ++keys[key + " " + line.at("metadata").at("step").dump()];
    }
    return keys;
  }
  // Bit for bit, and their metrics.
  void expect_same_run(const std::string& a, const std::string& b, std::int64_t steps) const {
    const RunState x = state(a, steps), y = state(b, steps);
    const auto compare = [](const TensorDict& left, const TensorDict& right) {
      ASSERT_EQ(left.size(), right.size());
      for (const auto& [name, tensor] : left) EXPECT_TRUE(torch::equal(tensor, right.at(name))) << name;
    };
    compare(x.tensors.model, y.tensors.model);
    compare(x.tensors.average, y.tensors.average);
    compare(x.tensors.optimizer, y.tensors.optimizer);
    EXPECT_EQ(x.data.next_turn, y.data.next_turn);
    EXPECT_EQ(x.counters.evaluated_after, y.counters.evaluated_after);
    EXPECT_EQ(metrics(a), metrics(b));
  }

  ::foldperf::testing::TemporaryFolder folder;
  json tree;
  TrainerConfig config;
  std::ostringstream log;
  std::map<std::int64_t, at::Tensor> samples;  // that were trained on
};

TEST_F(ResumedRun, IsTheRunThatNeverStoppedBitForBit) {
  configure("straight");
  run();
  samples.clear();
  configure("stopped", {"train.steps=6"});
  run();
  configure("stopped");
  resume("stopped");
  expect_same_run("straight", "stopped", 12);
  EXPECT_THAT(log.str(), AllOf(HasSubstr("going on after step 6 of 12"), HasSubstr("train.steps: 6, now 12")));
  // From a checkpoint in the middle: what came after it is made again.
  for (const std::int64_t later : {12, 9}) fs::remove(CheckpointFolder(folder / "stopped" / "checkpoints").file(later));
  samples.clear();
  resume("stopped");
  expect_same_run("straight", "stopped", 12);
}

// A step of several batches of several samples: the data goes on after the last of them all.
TEST_F(ResumedRun, OfManySamplesAStepIsTheRunThatNeverStoppedBitForBit) {
  const auto steps = [&](const char* output, const char* count) {
    configure(output, {"train.batch_size=2", "train.accumulate_grad_batches=2", "train.evaluate_every=0",
                       "train.evaluate_at_end=false", std::string("train.steps=") + count});
  };
  steps("straight", "7");
  run();
  const auto straight = std::exchange(samples, {});
  steps("stopped", "4");
  run();
  EXPECT_EQ(state("stopped", 4).data.next_turn, 16);
  steps("stopped", "7");
  resume("stopped");
  EXPECT_EQ(state("stopped", 7).data.next_turn, 28);
  expect_same_run("straight", "stopped", 7);
  ASSERT_EQ(samples.size(), straight.size());
  for (const auto& [ticket, sample] : straight) EXPECT_TRUE(torch::equal(sample, samples.at(ticket))) << ticket;
}

TEST_F(ResumedRun, FromADamagedCheckpointIsThatFromTheOneBefore) {
  configure("straight");
  run();
  samples.clear();
  configure("stopped", {"train.steps=7"});
  run();
  samples.clear();
  const fs::path newest = CheckpointFolder(folder / "stopped" / "checkpoints").file(7);
  std::string bytes = read_file(newest);
  bytes[bytes.size() / 2] ^= 1;
  write_file(newest, bytes);
  configure("stopped");
  resume("stopped");
  EXPECT_THAT(log.str(), AllOf(HasSubstr("step-000000007.pt: is damaged"), HasSubstr("going on after step 6")));
  expect_same_run("straight", "stopped", 12);
}

TEST_F(ResumedRun, TrainsOnExactlyTheOtherSamples) {
  configure("straight", {"train.steps=40", "train.evaluate_every=0"});
  run();
  const auto in_order = std::exchange(samples, {});
  const auto ready_first = [&](const char* steps) {
    configure("any_order", {"train.evaluate_every=0", "data.loader.order=ready_first", "data.loader.max_drift=4",
                            "data.loader.num_workers=3", std::string("train.steps=") + steps});
  };
  ready_first("9");
  run();
  ready_first("20");
  resume("any_order");
  const std::set<std::int64_t> trained = tickets(state("any_order", 20).data);
  EXPECT_EQ(trained.size(), 20u);
  ASSERT_EQ(samples.size(), 20u);
  for (const auto& [ticket, sample] : samples) {
    EXPECT_TRUE(trained.contains(ticket)) << ticket;
    EXPECT_TRUE(torch::equal(sample, in_order.at(ticket))) << ticket;
  }
}

TEST_F(ResumedRun, MakesTheEvaluationThatWasNotFinished) {
  configure("straight");
  run();
  samples.clear();
  configure("stopped", {"train.steps=6"});
  run();
  // Killed in the evaluation: some of its lines are there.
  fs::remove(folder / "stopped" / "checkpoints" / "evaluations.json");
  std::string lines = read_file(folder / "stopped" / "metrics.jsonl");
  lines.resize(lines.rfind("{\"kind\":\"eval_mean\""));
  write_file(folder / "stopped" / "metrics.jsonl", lines);
  const fs::path checkpoint = CheckpointFolder(folder / "stopped" / "checkpoints").file(6);
  RunState before = read_checkpoint(checkpoint.string());
  before.counters.evaluated_after = -1;
  write_checkpoint(checkpoint.string(), before);
  configure("stopped");
  resume("stopped");
  expect_same_run("straight", "stopped", 12);
}

TEST_F(ResumedRun, WithNothingLeftToDoChangesNothing) {
  configure("run", {"train.steps=6"});
  run();
  const std::string weights = read_file(folder / "run" / "weights.pt");
  const auto lines = metrics("run");
  const RunResult result = resume("run");
  EXPECT_EQ(result.steps, 6);
  EXPECT_EQ(read_file(folder / "run" / "weights.pt"), weights);
  EXPECT_EQ(metrics("run"), lines);
}

TEST_F(ResumedRun, AfterItsTargetEndsAtOnce) {
  const std::string log_file = "train.mlperf_log=\"" + (folder / "mlperf.log").string() + "\"";
  configure("run", {"train.target_lddt_ca=0.0001", log_file});
  const RunResult first = run();
  ASSERT_TRUE(first.target_reached);
  ASSERT_EQ(first.steps, 6);
  const auto lines = metrics("run");
  const std::string mlperf = read_file(folder / "mlperf.log");
  const RunResult result = resume("run");
  EXPECT_TRUE(result.target_reached);
  EXPECT_EQ(result.steps, 6);
  EXPECT_EQ(metrics("run"), lines);
  EXPECT_EQ(read_file(folder / "mlperf.log"), mlperf);
  // A higher one is yet to be reached.
  configure("run", {"train.target_lddt_ca=0.9999", "train.steps=7", log_file});
  EXPECT_EQ(resume("run").steps, 7);
}

TEST_F(ResumedRun, GoesOnWithMlperfsLogWhereTheCheckpointStands) {
  configure("run", {"train.mlperf_log=\"" + (folder / "mlperf.log").string() + "\""});
  RunBeginning beginning;
  beginning.init_ms = 1'700'000'000'000;
  run(nullptr, beginning);
  const std::string mlperf = read_file(folder / "mlperf.log");
  EXPECT_THAT(mlperf.substr(0, mlperf.find('\n')), AllOf(HasSubstr("init_start"), HasSubstr("1700000000000")));
  for (const std::int64_t later : {12, 9}) fs::remove(CheckpointFolder(folder / "run" / "checkpoints").file(later));
  samples.clear();
  resume("run");
  const auto keys = mlperf_keys();
  for (const char* once : {"eval_accuracy 6", "eval_accuracy 12", "epoch_start 0", "epoch_start 6", "epoch_stop 12",
                           "run_stop", "run_stop 12"}) {
    ASSERT_TRUE(keys.contains(once)) << once;
    EXPECT_EQ(keys.at(once), 1) << once;
  }
}

TEST_F(ResumedRun, ReplacesItsConfigurationAtOnce) {
  configure("run", {"train.steps=1"});
  run();
  const std::string before = read_file(folder / "run" / "config.toml");
  fs::create_hard_link(folder / "run" / "config.toml", folder / "before.toml");
  configure("run", {"train.steps=2"});
  resume("run");
  EXPECT_THAT(read_file(folder / "run" / "config.toml"), HasSubstr("steps = 2\n"));
  EXPECT_EQ(read_file(folder / "before.toml"), before) << "the old file was not written to";
}

TEST_F(ResumedRun, MayGoOnInAnotherFolder) {
  configure("first", {"train.steps=6"});
  run();
  configure("second", {"train.initial_weights=gone.pt"});  // the checkpoint's weights are later ones
  resume("first");
  EXPECT_EQ(metrics("second").front().at("step"), 6);
  EXPECT_EQ(state("second", 12).counters.steps, 12);
  EXPECT_EQ(CheckpointFolder(folder / "first" / "checkpoints").all().front().steps, 6);
}

TEST_F(ResumedRun, OfAnotherModelIsRefused) {
  configure("run", {"train.steps=3"});
  run();
  const auto lines = metrics("run");
  configure("run", {"globals.c_z=16", "schedule.max_lr=1e-4"});
  EXPECT_THAT(message_of<Error>([&] { resume("run"); }),
              AllOf(HasSubstr("do not fit the model"), HasSubstr("globals.c_z: 8, now 16"), Not(HasSubstr("max_lr"))));
  EXPECT_EQ(metrics("run"), lines) << "what is there stays";
}

TEST_F(ResumedRun, OfAnEarlierRunIsNotOverwritten) {
  configure("run", {"train.steps=3"});
  run();
  const auto lines = metrics("run");
  EXPECT_THAT(message_of<UsageError>([&] { run(); }), HasSubstr("--resume"));
  EXPECT_EQ(metrics("run"), lines);
  // Nor where it may be, and the new one cannot begin.
  const CheckpointFolder checkpoints(checkpoints_of(folder / "run"));
  write_file(checkpoints.path() / "step-000000001.pt.partial", "half");
  const RunBeginning overwrite{.overwrite = true, .init_ms = {}};
  configure("run", {"train.steps=1", "train.mlperf_log=\"/proc/none/mlperf.log\""});
  EXPECT_THROW(run(nullptr, overwrite), SystemError);
  EXPECT_TRUE(fs::exists(checkpoints.file(3)));
  EXPECT_EQ(metrics("run"), lines);
  samples.clear();
  configure("run", {"train.steps=1"});
  run(nullptr, overwrite);
  ASSERT_EQ(checkpoints.all().size(), 1u);
  EXPECT_EQ(checkpoints.all().front().steps, 1);
  EXPECT_FALSE(fs::exists(checkpoints.path() / "step-000000001.pt.partial"));
}

}  // namespace
}  // namespace foldperf::trainer
