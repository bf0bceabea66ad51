// A step on a GPU: captured in graphs or not, it is the same step, and nothing in it waits for the device.
#include <c10/cuda/CUDAFunctions.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/files.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/step_batches.hpp"
#include "trainer/loop/trainer.hpp"

namespace foldperf::trainer {
namespace {

// Every part of the model, narrow, dropout and recycling included.
TrainerConfig whole_model(const std::vector<std::string>& more) {
  std::vector<std::string> assignments = {
      "globals.c_m=32",
      "globals.c_z=16",
      "globals.c_s=32",
      "globals.c_t=16",
      "globals.c_e=16",
      "model.evoformer_stack.no_blocks=2",
      "model.extra_msa.extra_msa_stack.no_blocks=1",
      "model.template.template_pair_stack.no_blocks=1",
      "model.structure_module.no_blocks=2",
      "data.train.crop_size=32",
      "data.train.max_msa_clusters=8",
      "data.train.max_extra_msa=8",
      "data.common.max_recycling_iters=1",
      "data.loader.order=\"strict\"",
      "schedule.base_lr=1e-3",
      "loss.violation.weight=1",
      "train.deterministic=true",
      "data.source.train_data_dir=\"" + ::foldperf::testing::samples_dir().string() + "\""};
  assignments.insert(assignments.end(), more.begin(), more.end());
  return trainer_config_from_json(resolve_config({"initial_training", {}, assignments}));
}

struct Trained {
  std::vector<StepMetrics> steps;
  std::vector<at::Tensor> weights, averages;
  GraphCounts graphs;
};

Trained train_steps(const std::vector<std::string>& more, std::int64_t steps) {
  const TrainerConfig config = whole_model(more);
  const at::Device device = choose_device("cuda");
  const WorkStream stream(device);
  Trainer trainer(config, device);
  LoaderSource source(config.data, device);
  StepBatches batches(config, source);
  Trained result;
  for (std::int64_t step = 0; step < steps; ++step)
    result.steps.push_back(trainer.finish(trainer.launch(step, batches.next(step))));
  for (const auto& [name, tensor] : trainer.weights()) result.weights.push_back(tensor.detach().cpu());
  for (const auto& [name, tensor] : trainer.average().state()) result.averages.push_back(tensor);
  result.graphs = trainer.graph_counts();
  return result;
}

void expect_equal(const Trained& a, const Trained& b) {
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].loss, b.steps[i].loss) << "step " << i;
    EXPECT_EQ(a.steps[i].gradient_norm, b.steps[i].gradient_norm) << "step " << i;
    EXPECT_EQ(a.steps[i].terms, b.steps[i].terms) << "step " << i;
  }
  std::size_t differing = 0;
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    differing += !torch::equal(a.weights[i], b.weights[i]) || !torch::equal(a.averages[i], b.averages[i]);
  }
  EXPECT_EQ(differing, 0u) << "of " << a.weights.size() << " weights";
}

class CudaGraph : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  }
};

TEST_P(CudaGraph, MakesTheSameStepsBitForBit) {
  const std::string precision = std::string("train.precision=") + GetParam();
  const Trained plain = train_steps({precision, "train.cuda_graphs=false"}, 10);
  const Trained graphs = train_steps({precision}, 10);
  expect_equal(plain, graphs);
  EXPECT_EQ(graphs.graphs.captured, 3) << "one and two passes, and the update";
  EXPECT_TRUE(graphs.graphs.refused.empty()) << graphs.graphs.refused.begin()->second;
  EXPECT_EQ(graphs.graphs.eager, 2) << "the first step";
  EXPECT_EQ(graphs.graphs.replayed, 18);
  EXPECT_EQ(plain.graphs.captured + plain.graphs.eager, 0);
}

TEST_P(CudaGraph, HoldsWithCheckpointsAndSeveralSamples) {
  const std::vector<std::string> settings = {std::string("train.precision=") + GetParam(),
                                             "model.blocks_per_checkpoint=1", "train.batch_size=2",
                                             "train.accumulate_grad_batches=2"};
  std::vector<std::string> without = settings;
  without.push_back("train.cuda_graphs=false");
  const Trained plain = train_steps(without, 6);
  const Trained graphs = train_steps(settings, 6);
  expect_equal(plain, graphs);
  EXPECT_TRUE(graphs.graphs.refused.empty());
  EXPECT_GT(graphs.graphs.replayed, 6);
}

// Weights and averages change places for it, and back.
TEST_P(CudaGraph, GoesOnAfterAnEvaluation) {
  const std::string precision = std::string("train.precision=") + GetParam();
  const auto trained = [&](const std::vector<std::string>& more) {
    const TrainerConfig config = whole_model(more);
    const at::Device device = choose_device("cuda");
    const WorkStream stream(device);
    Trainer trainer(config, device);
    LoaderSource source(config.data, device);
    EvaluationChains chains(config.data, device);
    std::vector<double> numbers;
    for (std::int64_t step = 0; step < 8; ++step) {
      numbers.push_back(trainer.step(step, source.next()).loss);
      if (step == 4) numbers.push_back(trainer.evaluate(chains).back().values.at("lddt_ca"));
    }
    return numbers;
  };
  EXPECT_EQ(trained({precision}), trained({precision, "train.cuda_graphs=false"}));
}

// What waits for the device cannot be captured: it runs as it is, with the same results, and is told and counted.
TEST(GraphCache, WorkThatWaitsRunsWithoutAGraph) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device = choose_device("cuda");
  const WorkStream stream(device);
  std::vector<std::string> notes;
  GraphCache graphs([&](const std::string& note) { notes.push_back(note); });
  const at::Tensor input = torch::ones({4}, device);
  const auto waits = [&] {
    const double sum = input.sum().item<double>();
    return std::vector<at::Tensor>{input * sum};
  };
  const auto does_not = [&] { return std::vector<at::Tensor>{input * input.sum()}; };
  for (int i = 1; i <= 4; ++i) {
    input.fill_(i);
    EXPECT_EQ(graphs.run("waits", "waits", waits)[0][0].item<double>(), 4.0 * i * i) << i;
    EXPECT_EQ(graphs.run("does not", "does not", does_not)[0][0].item<double>(), 4.0 * i * i) << i;
  }
  EXPECT_EQ(graphs.counts().refused.size(), 1u);
  EXPECT_TRUE(graphs.counts().refused.contains("waits"));
  EXPECT_EQ(graphs.counts().captured, 1);
  EXPECT_EQ(graphs.counts().replayed, 3);
  EXPECT_EQ(graphs.counts().eager, 5);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].rfind("waits cannot be captured", 0), 0u) << notes[0];
}

// A capture that broke off has left neither pool nor random generator in its hands: random numbers without a graph and
// with one are those of the seed.
TEST(GraphCache, ABrokenCaptureLeavesTheRandomNumbers) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device = choose_device("cuda");
  const WorkStream stream(device);
  GraphCache graphs;
  const at::Tensor ones = torch::ones({1024}, device);
  const auto draw = [&] { return std::vector<at::Tensor>{torch::dropout(ones, 0.5, true)}; };
  const auto draw_and_wait = [&] {
    std::vector<at::Tensor> drawn = draw();
    (void)drawn[0].sum().item<double>();
    return drawn;
  };
  for (int i = 0; i < 4; ++i) {
    torch::manual_seed(i);
    const at::Tensor expected = draw()[0].clone();
    torch::manual_seed(i);
    EXPECT_TRUE(torch::equal(graphs.run("waits", "waits", draw_and_wait)[0], expected)) << i;
    torch::manual_seed(i);
    EXPECT_TRUE(torch::equal(graphs.run("draws", "draws", draw)[0], expected)) << i;
  }
  EXPECT_EQ(graphs.counts().refused.size(), 1u);
  EXPECT_EQ(graphs.counts().captured, 1);
}

TEST_P(CudaGraph, AStepDoesNotWaitForTheDevice) {
  const TrainerConfig config = whole_model({std::string("train.precision=") + GetParam(), "train.cuda_graphs=false"});
  const at::Device device = choose_device("cuda");
  const WorkStream stream(device);
  Trainer trainer(config, device);
  LoaderSource source(config.data, device);
  StepBatches batches(config, source);
  // Tables are copied to the device by the first steps.
  for (std::int64_t step = 0; step < 4; ++step) (void)trainer.finish(trainer.launch(step, batches.next(step)));
  for (std::int64_t step = 4; step < 8; ++step) {
    const auto next = batches.next(step);
    c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_ERROR);
    PendingStep pending;
    EXPECT_NO_THROW(pending = trainer.launch(step, next));
    c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_DISABLED);
    EXPECT_GT(trainer.finish(std::move(pending)).loss, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, CudaGraph, ::testing::Values("float32", "tf32", "bf16"));

}  // namespace
}  // namespace foldperf::trainer
