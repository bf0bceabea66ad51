// Checkpoints of a run on one GPU.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/files.hpp"
#include "tests/trainer/instrument/recording_sink.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/checkpoint/resume.hpp"
#include "trainer/checkpoint/state_copy.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/training_run.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;

// More than one chunk of the copy, and tensors that are one alone.
TEST(CudaStateCopy, IsOfTheMomentAndNotOfLater) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device(at::kCUDA, 0);
  const WorkStream stream(device);
  TrainingTensors live;
  const auto name_of = [](int i) { return std::string("m").append(std::to_string(i)); };
  for (int i = 0; i < 40; ++i) live.model[name_of(i)] = torch::full({1 << 18}, i, device);
  live.average["large"] = torch::full({3, 5 << 20}, 7, device);
  live.optimizer["step.a"] = torch::full({}, 3, device);
  StateCopy copy(live);
  for (int round = 0; round < 3; ++round) {
    copy.take();
    for (auto& [name, tensor] : live.model) tensor.add_(1);  // without a wait
    live.average.at("large").add_(1);
    live.optimizer.at("step.a").add_(1);
    copy.wait();
    for (int i = 0; i < 40; ++i) {
      const at::Tensor& tensor = copy.tensors().model.at(name_of(i));
      EXPECT_TRUE(tensor.eq(i + round).all().item<bool>()) << i << " in round " << round;
    }
    EXPECT_TRUE(copy.tensors().average.at("large").eq(7 + round).all().item<bool>());
    EXPECT_EQ(copy.tensors().average.at("large").sizes(), (std::vector<std::int64_t>{3, 5 << 20}));
    EXPECT_EQ(copy.tensors().optimizer.at("step.a").item<float>(), 3 + round);
  }
}

// Memory is out when the averages of the second step come: while the update is captured in its graph, if there are any.
class NoMemoryForAverages : public RecordingSink {
 public:
  void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) override {
    const bool is_ema = category == facts::Category::phase && label.text() == facts::phase::ema;
    if (is_ema && ++times_ == 2) TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory.");
    RecordingSink::push(category, label, payload);
  }

 private:
  int times_ = 0;
};

// What is captured has changed nothing yet; what ran as it is has changed the weights already.
TEST(CudaCheckpoint, IsKeptWhenMemoryIsOutForTheGraphOfTheUpdate) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  for (const bool graphs : {true, false}) {
    SCOPED_TRACE(graphs);
    const ::foldperf::testing::TemporaryFolder folder;
    const nlohmann::json tree = resolve_config(
        {"tiny",
         {},
         {"data.source.train_data_dir=\"" + ::foldperf::testing::samples_dir().string() + "\"", "train.device=cuda",
          "data.source.train_chains=[\"1ejg_A\"]", "data.common.max_recycling_iters=0", "train.steps=4",
          "train.evaluate_every=0", std::string("train.cuda_graphs=") + (graphs ? "true" : "false"),
          "train.output=\"" + (folder / "run").string() + "\""}});
    const TrainerConfig config = trainer_config_from_json(tree);
    LoaderSource batches(config.data, choose_device("cuda"));
    EvaluationChains evaluation(config.data, choose_device("cuda"));
    std::ostringstream log;
    const NoMemoryForAverages no_memory;
    EXPECT_THROW(run_training(config, tree, batches, evaluation, log, ProgressStyle::lines), c10::OutOfMemoryError);
    const CheckpointFolder kept(checkpoints_of(folder / "run"));
    ASSERT_EQ(kept.all().size(), graphs ? 1u : 0u) << log.str();
    if (!graphs) continue;
    const RunState state = read_checkpoint(kept.file(1).string());
    for (const auto& [name, step] : state.tensors.optimizer) {
      if (name.starts_with("step.")) {
        EXPECT_EQ(step.item<float>(), 1) << name;
      }
    }
  }
}

class CudaResume : public ::testing::TestWithParam<const char*> {};

// 12 steps, and 6 and 6: the same bits where PyTorch takes only algorithms whose results repeat.
TEST_P(CudaResume, IsTheRunThatNeverStopped) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const ::foldperf::testing::TemporaryFolder folder;
  std::ostringstream log;
  const auto run = [&](const std::string& output, int steps, bool resume) {
    const nlohmann::json tree =
        resolve_config({"tiny",
                        {},
                        {"data.source.train_data_dir=\"" + ::foldperf::testing::samples_dir().string() + "\"",
                         "data.source.train_chains=[\"1ejg_A\", \"1as5_A\"]", "data.loader.order=strict",
                         "train.device=cuda", "train.deterministic=true", std::string("train.precision=") + GetParam(),
                         "train.evaluate_every=6", "checkpoint.every_steps=2", "train.steps=" + std::to_string(steps),
                         "train.output=\"" + (folder / output).string() + "\""}});
    const TrainerConfig config = trainer_config_from_json(tree);
    auto point = resume ? find_resume_point((folder / output).string(), [](const std::string&) {}) : std::nullopt;
    LoaderSource batches(config.data, choose_device("cuda"), point ? point->state.data : QueueProgress{});
    EvaluationChains evaluation(config.data, choose_device("cuda"));
    run_training(config, tree, batches, evaluation, log, ProgressStyle::quiet, point ? &*point : nullptr);
  };
  run("straight", 12, false);
  run("stopped", 6, false);
  run("stopped", 12, true);
  const auto last = [&](const std::string& output) {
    return read_checkpoint(CheckpointFolder(checkpoints_of(folder / output)).file(12).string()).tensors;
  };
  const TrainingTensors straight = last("straight"), stopped = last("stopped");
  const auto compare = [](const TensorDict& a, const TensorDict& b) {
    for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
  };
  compare(straight.model, stopped.model);
  compare(straight.average, stopped.average);
  compare(straight.optimizer, stopped.optimizer);
}

INSTANTIATE_TEST_SUITE_P(Precisions, CudaResume, ::testing::Values("float32", "bf16"));

}  // namespace
}  // namespace foldperf::trainer
