// Training itself: a very small model, a few steps, real structures.
#include "trainer/loop/training_run.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "tests/support/process.hpp"
#include "tests/trainer/instrument/recording_sink.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/loop/loader_source.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

fs::path samples() { return ::foldperf::testing::samples_dir(); }

// Hands out one batch of the loader again and again, changed as a test wants it.
class ChangedBatches : public BatchSource {
 public:
  ChangedBatches(const TrainerConfig& config, std::function<void(std::int64_t, TensorDict&)> change)
      : batch_(LoaderSource(config.data).next()), change_(std::move(change)) {}
  TrainingBatch next() override {
    TrainingBatch copy = batch_;
    change_(number_++, copy.features);
    return copy;
  }

 private:
  TrainingBatch batch_;
  std::function<void(std::int64_t, TensorDict&)> change_;
  std::int64_t number_ = 0;
};

class TrainingRun : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }

  void configure(std::vector<std::string> assignments = {}) {
    std::vector<std::string> all = {"globals.c_m=16",
                                    "globals.c_z=8",
                                    "globals.c_s=16",
                                    "model.structure_module.no_blocks=2",
                                    "data.train.crop_size=24",
                                    "data.train.max_msa_clusters=4",
                                    "data.eval.max_msa_clusters=4",
                                    "data.source.train_data_dir=\"" + samples().string() + "\"",
                                    "data.source.train_chains=[\"1ejg_A\", \"1as5_A\"]",
                                    "schedule.base_lr=1e-3",
                                    "schedule.max_lr=3e-3",
                                    "schedule.warmup_no_steps=5",
                                    "train.steps=6",
                                    "train.evaluate_every=0",
                                    "train.device=cpu",
                                    "train.output=\"" + output().string() + "\""};
    all.insert(all.end(), assignments.begin(), assignments.end());
    tree = resolve_config({"tiny", {}, all});
    config = trainer_config_from_json(tree);
  }

  RunResult run(BatchSource& batches) {
    EvaluationChains evaluation(config.data);
    return run_training(config, tree, batches, evaluation, progress, ProgressStyle::lines);
  }
  RunResult run() {
    LoaderSource batches(config.data);
    return run(batches);
  }

  [[nodiscard]] fs::path output() const { return folder / "run"; }
  [[nodiscard]] std::vector<json> metrics(const std::string& kind = "train") const {
    std::vector<json> lines;
    std::ifstream file(output() / "metrics.jsonl");
    for (std::string line; std::getline(file, line);) {
      const json parsed = json::parse(line);
      if (parsed.at("kind") == kind) lines.push_back(parsed);
    }
    return lines;
  }

  ::foldperf::testing::TemporaryFolder folder;
  json tree;
  TrainerConfig config;
  std::ostringstream progress;
};

// The same numbers apart from wall-clock time.
std::vector<json> without_times(std::vector<json> lines) {
  for (json& line : lines) {
    line.erase("step_s");
    line.erase("data_wait_s");
  }
  return lines;
}

TEST_F(TrainingRun, LowersTheLoss) {
  configure({"train.steps=40"});
  run();
  const auto lines = metrics();
  ASSERT_EQ(lines.size(), 40u);
  const auto mean = [&](std::size_t first) {
    double sum = 0;
    for (std::size_t i = first; i < first + 8; ++i) sum += lines[i].at("unscaled_loss").get<double>();
    return sum / 8;
  };
  EXPECT_LT(mean(32), 0.9 * mean(0));
}

TEST_F(TrainingRun, TheSameSeedGivesTheSameNumbersBitForBit) {
  configure({"data.loader.num_workers=2", "model.evoformer_stack.pair_dropout=0.2", "data.common.max_recycling_iters=2",
             "data.train.masked_msa_replace_fraction=0.15"});
  run();
  const auto first = without_times(metrics());
  const TensorDict weights = load_tensors((output() / "weights.pt").string());
  fs::remove_all(output());
  run();
  EXPECT_EQ(without_times(metrics()), first);
  for (const auto& [name, tensor] : load_tensors((output() / "weights.pt").string())) {
    EXPECT_TRUE(torch::equal(tensor, weights.at(name))) << name;
  }
  fs::remove_all(output());
  configure({"globals.seed=43"});
  run();
  EXPECT_NE(without_times(metrics()), first);
}

TEST_F(TrainingRun, DrawsHowManyPassesToMake) {
  configure({"train.steps=24", "data.common.max_recycling_iters=2"});
  run();
  std::set<std::int64_t> passes;
  for (const json& line : metrics()) passes.insert(line.at("passes").get<std::int64_t>());
  EXPECT_THAT(passes, ElementsAre(1, 2, 3));
}

TEST_F(TrainingRun, KeepsTheWeightsWhenABatchFails) {
  configure();
  ChangedBatches batches(config, [](std::int64_t number, TensorDict&) {
    if (number == 2) throw InputError("x.a3m", 7, "is ragged");
  });
  EXPECT_THROW(run(batches), InputError);
  EXPECT_EQ(metrics().size(), 2u);
  Trainer fresh(config, at::kCPU);
  assign_weights(*fresh.model(), load_tensors((output() / "weights.pt").string()), "weights.pt");
  EXPECT_TRUE(fs::exists(output() / "weights_raw.pt"));
  EXPECT_NE(progress.str().find("weights after 2 steps are in"), std::string::npos) << progress.str();
}

// Fails at the beginning of a phase of the third step.
class FailingPhase : public RecordingSink {
 public:
  explicit FailingPhase(const char* phase) : phase_(phase) {}
  void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) override {
    if (category == facts::Category::phase && label.text() == phase_ && ++times_ == 3) throw Error("a broken phase");
    RecordingSink::push(category, label, payload);
  }

 private:
  std::string phase_;
  int times_ = 0;
};

TEST_F(TrainingRun, AStateThatIsOfNoStepIsNoCheckpoint) {
  for (const auto& [phase, is_whole] : {std::pair{"backward", true}, {"clip", true}, {"ema", false}}) {
    SCOPED_TRACE(phase);
    fs::remove_all(output());
    configure();
    const FailingPhase failing(phase);
    EXPECT_THROW(run(), Error);
    EXPECT_EQ(metrics().size(), 2u);
    EXPECT_TRUE(fs::exists(output() / "weights.pt"));
    EXPECT_EQ(fs::exists(output() / "checkpoints" / "step-000000002.pt"), is_whole);
  }
}

TEST_F(TrainingRun, ACropWithoutCoordinatesHasNoScore) {
  configure({"train.steps=2"});
  ChangedBatches batches(config, [](std::int64_t number, TensorDict& features) {
    if (number == 0) features["all_atom_mask"] = torch::zeros_like(features.at("all_atom_mask"));
  });
  run(batches);
  ASSERT_EQ(metrics().size(), 2u);
  EXPECT_TRUE(metrics()[0].at("lddt_ca").is_null());
  EXPECT_TRUE(metrics()[1].at("lddt_ca").is_number());
}

// Of two chains, the second without coordinates where `unresolved`; a stop is asked for before chain `stop_before`.
class TwoChains : public EvaluationSource {
 public:
  explicit TwoChains(const TrainerConfig& config) : chains_(config.data) {}
  [[nodiscard]] std::size_t size() const override { return 2; }
  TrainingBatch get(std::size_t index) override {
    TrainingBatch batch = chains_.get(index);
    if (index == 1) batch.features["all_atom_mask"] = torch::zeros_like(batch.features.at("all_atom_mask"));
    ++taken;
    return batch;
  }
  int taken = 0;

 protected:
  TrainingBatch chains_of_file(std::size_t index) { return chains_.get(index); }

 private:
  EvaluationChains chains_;
};

TEST_F(TrainingRun, TheMeanLeavesOutChainsWithoutCoordinates) {
  configure();
  Trainer trainer(config, at::kCPU);
  TwoChains chains(config);
  const auto results = trainer.evaluate(chains);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_TRUE(std::isnan(results[1].values.at("gdt_ts")));
  EXPECT_TRUE(std::isnan(results[1].values.at("lddt_ca")));
  EXPECT_EQ(results[2].values.at("lddt_ca"), results[0].values.at("lddt_ca"));
}

TEST_F(TrainingRun, AnEvaluationStopsBetweenChains) {
  configure();
  Trainer trainer(config, at::kCPU);
  TwoChains chains(config);
  const auto results = trainer.evaluate(chains, {.stop = [&] { return chains.taken == 1; }, .chain = {}, .note = {}});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_FALSE(results[0].chain.empty());
}

// Of two chains, the first of which cannot be had.
class OneDamagedChain : public TwoChains {
 public:
  using TwoChains::TwoChains;
  TrainingBatch get(std::size_t index) override {
    if (index == 0) throw InputError("first.cif", 7, "is damaged");
    return chains_of_file(index);
  }
  [[nodiscard]] std::vector<ChainLength> lengths() const override { return {{"first", 40}, {"second", 50}}; }
};

TEST_F(TrainingRun, AChainThatCannotBeEvaluatedIsToldAndEndsNothing) {
  configure({"train.steps=3", "train.evaluate_every=2"});
  LoaderSource batches(config.data);
  OneDamagedChain evaluation(config);
  const RunResult result = run_training(config, tree, batches, evaluation, progress, ProgressStyle::lines);
  EXPECT_EQ(result.steps, 3);
  ASSERT_EQ(result.last_evaluation.size(), 3u);
  EXPECT_THAT(result.last_evaluation[0].error, HasSubstr("first.cif:7: is damaged"));
  EXPECT_THAT(progress.str(), HasSubstr("first cannot be evaluated: first.cif:7: is damaged"));
  const auto lines = metrics("eval");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].at("chain"), "first");
  EXPECT_THAT(lines[0].at("error").get<std::string>(), HasSubstr("is damaged"));
  EXPECT_FALSE(lines[0].contains("lddt_ca"));
  EXPECT_EQ(metrics("eval_mean")[0].at("lddt_ca"), lines[1].at("lddt_ca")) << "the mean is that of the other";
  EXPECT_GT(lines[1].at("plddt").get<double>(), 0);
}

// Memory is out for the first chain before the model has it.
class OneChainTooLarge : public TwoChains {
 public:
  using TwoChains::TwoChains;
  TrainingBatch get(std::size_t index) override {
    if (index == 0) TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory.");
    return chains_of_file(index);
  }
};

TEST_F(TrainingRun, MemoryThatIsOutForAChainsFeaturesIsThatChainsError) {
  configure();
  Trainer trainer(config, at::kCPU);
  OneChainTooLarge chains(config);
  const auto results = trainer.evaluate(chains);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_THAT(results[0].error, HasSubstr("memory is out"));
  EXPECT_EQ(results[0].code, ExitCode::system);
  EXPECT_EQ(results[1].error, "");
}

// The model gives no numbers for the first chain.
class OneChainWithoutNumbers : public TwoChains {
 public:
  using TwoChains::TwoChains;
  TrainingBatch get(std::size_t index) override {
    TrainingBatch batch = chains_of_file(index);
    if (index == 0) batch.features.at("target_feat").fill_(std::numeric_limits<double>::quiet_NaN());
    return batch;
  }
};

TEST_F(TrainingRun, APredictionWithoutNumbersIsThatChainsError) {
  configure();
  Trainer trainer(config, at::kCPU);
  OneChainWithoutNumbers chains(config);
  const auto results = trainer.evaluate(chains);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_THAT(results[0].error, HasSubstr("no numbers"));
  EXPECT_EQ(results[0].code, ExitCode::failure);
  EXPECT_EQ(results[1].error, "");
  EXPECT_EQ(results[2].values, results[1].values) << "the mean is that of the other";
}

// Nothing of it can be read.
class DamagedChains : public EvaluationSource {
 public:
  [[nodiscard]] std::size_t size() const override { return 2; }
  TrainingBatch get(std::size_t) override { throw InputError("first.cif", 7, "is damaged"); }
};

TEST_F(TrainingRun, AnEvaluationWithoutAnyChainEndsNothing) {
  configure({"train.steps=3", "train.evaluate_every=2"});
  LoaderSource batches(config.data);
  DamagedChains evaluation;
  const RunResult result = run_training(config, tree, batches, evaluation, progress, ProgressStyle::lines);
  EXPECT_EQ(result.steps, 3);
  EXPECT_THAT(progress.str(), HasSubstr("evaluation after step 2: no chain could be evaluated"));
}

// The last step of a run that an error ended has been made: all the same it is no success.
TEST_F(TrainingRun, ARunThatFailsSaysSoInMlperfsLog) {
  const std::string log = (folder / "mlperf.log").string();
  configure({"train.steps=2", "train.max_nonfinite_steps=2", "train.mlperf_log=\"" + log + "\""});
  Trainer trainer(config, at::kCPU);
  LoaderSource batches(config.data);
  EvaluationChains evaluation(config.data);
  trainer.model()->parameters().front().register_hook(
      [](at::Tensor gradient) { return at::full_like(gradient, std::numeric_limits<double>::quiet_NaN()); });
  EXPECT_THROW(run_training(trainer, config, tree, batches, evaluation, progress, ProgressStyle::lines), Error);
  std::ifstream in(log);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(text, AllOf(HasSubstr("run_stop"), HasSubstr("aborted"), ::testing::Not(HasSubstr("success"))));
}

TEST_F(TrainingRun, EndsAtTheTargetAndSaysSoInMlperfsLog) {
  const std::string log = (folder / "mlperf.log").string();
  configure(
      {"train.steps=40", "train.evaluate_every=2", "train.target_lddt_ca=0.01", "train.mlperf_log=\"" + log + "\""});
  const RunResult result = run();
  EXPECT_TRUE(result.target_reached);
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(metrics("eval_mean").size(), 1u) << "not once more at the end";
  EXPECT_THAT(progress.str(), HasSubstr("target"));
  std::ifstream in(log);
  std::string line, last;
  std::vector<std::string> keys;
  json accuracy;
  while (std::getline(in, line)) {
    const json parsed = json::parse(line.substr(std::string(":::MLLOG ").size()));
    keys.push_back(parsed.at("key"));
    if (keys.back() == "eval_accuracy") accuracy = parsed.at("value");
    if (keys.back() == "train_samples") {
      EXPECT_EQ(parsed.at("value"), 2);
    }
    last = line;
  }
  EXPECT_EQ(keys.front(), "init_start");
  EXPECT_EQ(keys.back(), "run_stop");
  EXPECT_EQ(accuracy, metrics("eval_mean")[0].at("lddt_ca"));
  EXPECT_THAT(last, HasSubstr("\"status\":\"success\""));
}

TEST_F(TrainingRun, TrainsAnExtraStackWithoutExtraSequences) {
  configure({"model.extra_msa.enabled=true", "model.extra_msa.extra_msa_stack.no_blocks=1",
             "data.train.fixed_size=false", "data.train.max_extra_msa=8", "data.eval.max_extra_msa=8",
             "train.steps=2"});
  const RunResult result = run();
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(result.skipped_steps, 0);
}

TEST_F(TrainingRun, LeavesConfigurationMetricsAndWeights) {
  configure({"train.evaluate_every=4"});
  const RunResult result = run();
  EXPECT_EQ(result.steps, 6);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(resolve_config({"", {(output() / "config.toml").string()}, {}}), tree);

  const auto lines = metrics();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0].at("learning_rate"), 1e-3);
  for (const char* key : {"loss", "loss.fape", "lddt_ca", "grad_norm", "chain", "step_s", "data_wait_s"}) {
    EXPECT_TRUE(lines[0].contains(key)) << key;
  }
  ASSERT_EQ(metrics("eval").size(), 4u) << "two chains after step 4 and at the end";
  ASSERT_EQ(metrics("eval_mean").size(), 2u);
  for (const char* key : {"lddt_ca", "drmsd_ca", "alignment_rmsd", "gdt_ts", "gdt_ha"}) {
    EXPECT_TRUE(metrics("eval_mean")[1].contains(key)) << key;
  }
  EXPECT_THAT(progress.str(), AllOf(HasSubstr("step 6/6"), HasSubstr("evaluation after step 4, 2 chains")));

  // The averaged weights give the last evaluation again.
  config.train.initial_weights = (output() / "weights.pt").string();
  Trainer again(config, at::kCPU);
  EvaluationChains evaluation(config.data);
  EXPECT_EQ(again.evaluate(evaluation).back().values.at("lddt_ca"), metrics("eval_mean")[1].at("lddt_ca"));
  const TensorDict raw = load_tensors((output() / "weights_raw.pt").string());
  EXPECT_FALSE(torch::equal(raw.at("evoformer.linear.weight"),
                            load_tensors(config.train.initial_weights).at("evoformer.linear.weight")));
}

TEST_F(TrainingRun, NamesCountsAndZeroesATermThatIsNotFinite) {
  configure({"train.steps=3"});
  ChangedBatches batches(config, [](std::int64_t number, TensorDict& features) {
    if (number != 1) return;
    features["bert_mask"] = at::full_like(features.at("bert_mask"), std::numeric_limits<double>::quiet_NaN());
  });
  const RunResult result = run(batches);
  EXPECT_EQ(result.nonfinite_terms.at("masked_msa"), 1);
  EXPECT_EQ(result.nonfinite_terms.size(), 1u);
  EXPECT_EQ(result.skipped_steps, 0);
  const auto lines = metrics();
  EXPECT_FALSE(lines[0].contains("nonfinite_terms"));
  EXPECT_EQ(lines[1].at("nonfinite_terms"), json::array({"masked_msa"}));
  EXPECT_EQ(lines[1].at("loss.masked_msa"), 0.0);
  EXPECT_TRUE(lines[1].at("loss").is_number());
  EXPECT_THAT(progress.str(), AllOf(HasSubstr("masked_msa"), HasSubstr(lines[1].at("chain").get<std::string>())));
}

TEST_F(TrainingRun, SkipsAStepWhoseGradientIsNotFinite) {
  configure({"train.steps=3"});
  Trainer trainer(config, at::kCPU);
  LoaderSource batches(config.data);
  const at::Tensor parameter = trainer.model()->parameters().front();
  std::int64_t call = 0;
  parameter.register_hook([&call](at::Tensor gradient) {
    return call++ == 1 ? at::full_like(gradient, std::numeric_limits<double>::infinity()) : gradient;
  });
  TensorDict before;
  for (std::int64_t step = 0; step < 3; ++step) {
    before = weights_of(*trainer.model());
    const StepMetrics made = trainer.step(step, batches.next());
    EXPECT_EQ(made.skipped, step == 1);
    bool changed = false;
    for (const auto& [name, tensor] : weights_of(*trainer.model())) {
      EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
      changed = changed || !torch::equal(tensor, before.at(name));
    }
    EXPECT_EQ(changed, step != 1);
  }
}

TEST_F(TrainingRun, StopsAfterGradientsThatAreNotFiniteInARow) {
  configure({"train.max_nonfinite_steps=2"});
  Trainer trainer(config, at::kCPU);
  LoaderSource batches(config.data);
  EvaluationChains evaluation(config.data);
  trainer.model()->parameters().front().register_hook(
      [](at::Tensor gradient) { return at::full_like(gradient, std::numeric_limits<double>::quiet_NaN()); });
  try {
    run_training(trainer, config, tree, batches, evaluation, progress, ProgressStyle::lines);
    FAIL() << "no error";
  } catch (const Error& error) {
    const auto lines = metrics();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].at("skipped"), true);
    EXPECT_TRUE(lines[1].at("grad_norm").is_null());
    EXPECT_THAT(error.what(), AllOf(HasSubstr("2 steps in a row"), HasSubstr(lines[1].at("chain").get<std::string>())));
  }
}

TEST_F(TrainingRun, InstrumentationChangesNoNumberAndShowsEveryPart) {
  configure({"train.steps=2", "model.blocks_per_checkpoint=1", "data.common.max_recycling_iters=1"});
  run();
  const auto plain = without_times(metrics());
  fs::remove_all(output());
  RecordingSink sink;
  run();
  EXPECT_TRUE(sink.balanced());
  EXPECT_EQ(without_times(metrics()), plain);
  for (const char* event :
       {"+s:step#0", "+s:step#1", "+r:recycling_pass#0", "+p:data_wait", "+p:forward", "+p:loss", "+p:backward",
        "+p:clip", "+p:optimizer", "+p:ema", "+p:evaluation", "+p:checkpoint", "+f:alphafold", "+f:evoformer",
        "+f:evoformer.blocks.0", "+b:evoformer.blocks.0", "+f:structure_module.ipa", "+b:structure_module.ipa"}) {
    EXPECT_THAT(sink.events, Contains(event));
  }
  EXPECT_THAT(sink.marks, Contains(AllOf(HasSubstr("\"kind\":\"batch\""), HasSubstr("\"length\""))));
  EXPECT_THAT(sink.marks, Contains(HasSubstr("\"kind\":\"step\"")));
  EXPECT_THAT(sink.marks, Contains(AllOf(HasSubstr("\"name\":\"lddt_ca\""), HasSubstr("\"split\":\"eval\""))));
}

TEST_F(TrainingRun, AFullDiskIsNamed) {
  configure();
  fs::create_directories(output());
  fs::create_symlink("/dev/full", output() / "metrics.jsonl");
  try {
    run();
    FAIL() << "no error";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("metrics.jsonl"), HasSubstr("No space left on device")));
  }
}

TEST(Device, CudaThatIsNotThereIsAnError) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "this machine has a CUDA device";
  EXPECT_EQ(choose_device("auto"), at::Device(at::kCPU));
  EXPECT_THROW(choose_device("cuda"), SystemError);
}

}  // namespace
}  // namespace foldperf::trainer
