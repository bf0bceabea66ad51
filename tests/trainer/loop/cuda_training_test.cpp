// The same training on one GPU as on the CPU, in float32, and under the checks of a GPU-only path.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "tests/support/files.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/trainer.hpp"

namespace foldperf::trainer {
namespace {

// Every part of the model, narrow; no dropout, whose masks differ between devices.
std::vector<std::string> small_model() {
  return {"globals.c_m=32",
          "globals.c_z=16",
          "globals.c_s=32",
          "globals.c_t=16",
          "globals.c_e=16",
          "model.evoformer_stack.no_blocks=2",
          "model.evoformer_stack.msa_dropout=0",
          "model.evoformer_stack.pair_dropout=0",
          "model.extra_msa.extra_msa_stack.no_blocks=1",
          "model.extra_msa.extra_msa_stack.msa_dropout=0",
          "model.extra_msa.extra_msa_stack.pair_dropout=0",
          "model.template.template_pair_stack.no_blocks=1",
          "model.template.template_pair_stack.dropout_rate=0",
          "model.structure_module.no_blocks=2",
          "model.structure_module.dropout_rate=0",
          "data.train.crop_size=32",
          "data.train.max_msa_clusters=8",
          "data.train.max_extra_msa=8",
          "train.precision=float32",
          "schedule.base_lr=1e-3",
          "data.loader.order=\"strict\"",  // the same samples in both runs
          "loss.violation.weight=1",
          "loss.experimentally_resolved.weight=0.01"};
}

std::vector<StepMetrics> train(const std::string& device, std::int64_t steps) {
  auto assignments = small_model();
  assignments.push_back("data.source.train_data_dir=\"" + ::foldperf::testing::samples_dir().string() + "\"");
  const TrainerConfig config = trainer_config_from_json(resolve_config({"initial_training", {}, assignments}));
  torch::manual_seed(1);
  const WorkStream stream(choose_device(device));
  Trainer trainer(config, choose_device(device));
  LoaderSource batches(config.data);
  std::vector<StepMetrics> metrics;
  for (std::int64_t step = 0; step < steps; ++step) metrics.push_back(trainer.step(step, batches.next()));
  return metrics;
}

TEST(CudaTraining, FollowsTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const auto cpu = train("cpu", 4);
  const auto gpu = train("cuda", 4);
  for (std::size_t step = 0; step < cpu.size(); ++step) {
    EXPECT_EQ(gpu[step].passes, cpu[step].passes) << step;
    EXPECT_TRUE(gpu[step].nonfinite_terms.empty()) << step;
    EXPECT_FALSE(gpu[step].skipped) << step;
    // Rounding grows from step to step; the first one has the limits of the golden files.
    const double limit = step == 0 ? 1e-4 : 1e-2;
    EXPECT_NEAR(gpu[step].loss, cpu[step].loss, limit * cpu[step].loss) << step;
    for (const auto& [name, value] : cpu[step].terms) {
      EXPECT_NEAR(gpu[step].terms.at(name), value, limit * std::max(1.0, value)) << name << " at step " << step;
    }
    EXPECT_NEAR(gpu[step].gradient_norm, cpu[step].gradient_norm, 20 * limit * cpu[step].gradient_norm) << step;
  }
}

}  // namespace
}  // namespace foldperf::trainer
