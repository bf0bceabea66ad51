// The plan against the peak of the allocator of a real GPU, and an error of memory that is a real one.
#include <c10/cuda/CUDACachingAllocator.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/plan/memory_plan.hpp"
#include "trainer/plan/out_of_memory.hpp"
#include "trainer/plan/widest_batch.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The preset `small`, not captured in graphs: these take a pool of their own.
TrainerConfig config_of(const std::string& precision, const std::string& blocks_kept) {
  return planned_config(trainer_config_from_json(
      resolve_config({"small",
                      {},
                      {"train.cuda_graphs=false", "train.precision=\"" + precision + "\"",
                       "model.blocks_per_checkpoint=1", "model.blocks_kept=" + blocks_kept}})));
}

TrainingBatch zeros_like(const TrainingBatch& widest, at::Device device) {
  TrainingBatch batch = widest;
  batch.features = map_tensors(widest.features, [device](const at::Tensor& tensor) {
    return torch::zeros(tensor.sizes(), tensor.options().device(device));
  });
  return batch;
}

TEST(CudaPlan, PredictsThePeakOfASmallModel) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device(at::kCUDA, 0);
  for (const char* precision : {"float32", "bf16"}) {
    for (const char* kept : {"0", "4", "1000"}) {
      SCOPED_TRACE(std::string(precision) + ", blocks kept: " + kept);
      const TrainerConfig config = config_of(precision, kept);
      const StepMemory plan = step_memory(config, 1);
      const WorkStream stream(device);
      auto* allocator = c10::cuda::CUDACachingAllocator::get();
      allocator->emptyCache();
      const double before = static_cast<double>(allocator->getDeviceStats(0).allocated_bytes[0].current);
      Trainer trainer(config, device);
      const TrainingBatch batch = zeros_like(widest_batch(config.data, DataMode::train, 1), device);
      for (std::int64_t step = 0; step < 2; ++step) trainer.step(step, batch);
      const auto peaks = trainer.memory().peaks_gib();
      double most = 0;
      for (const auto& [phase, gib] : peaks) most = std::max(most, gib);
      const double planned = to_gib(plan.peak.allocated + fixed_memory().workspaces) + before / bytes_per_gib;
      EXPECT_NEAR(most, planned, 0.1 * planned) << "GiB";
      for (const auto& [phase, bytes] : plan.phases) EXPECT_TRUE(peaks.contains(phase)) << phase;
    }
  }
}

TEST(CudaPlan, OutOfMemoryIsExplained) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device(at::kCUDA, 0);
  const TrainerConfig config = config_of("float32", "1000");
  const WorkStream stream(device);
  auto* allocator = c10::cuda::CUDACachingAllocator::get();
  Trainer trainer(config, device);
  const TrainingBatch batch = zeros_like(widest_batch(config.data, DataMode::train, 1), device);
  allocator->emptyCache();
  const auto total = DeviceMemory::capacity(device)->total_gib;
  const double allowed = to_gib(step_memory(config, 1).peak.allocated) / 2;
  allocator->setMemoryFraction(allowed / total, 0);
  std::string message;
  try {
    trainer.step(0, batch);
  } catch (const c10::OutOfMemoryError& error) {
    message = explain_out_of_memory(error, config, DeviceCapacity{0, allowed}).what();
  }
  allocator->setMemoryFraction(1.0, 0);
  EXPECT_THAT(message, AllOf(HasSubstr("out of device memory in phase "), HasSubstr("Tried to allocate"),
                             HasSubstr("it would fit with --set model.blocks_per_checkpoint=1")));
}

}  // namespace
}  // namespace foldperf::trainer
