#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/trainer/loop/small_data.hpp"
#include "trainer/loop/loader_source.hpp"

namespace foldperf::trainer {
namespace {

// The same samples through pinned memory and a stream of their own.
TEST(DeviceFeed, AGpuGetsWhatTheCpuGets) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const DataConfig config = small_data_config();
  LoaderSource on_cpu(config), on_gpu(config, at::kCUDA);
  for (int i = 0; i < 50; ++i) {
    const TrainingBatch expected = on_cpu.next(), batch = on_gpu.next();
    ASSERT_EQ(batch.about.chain, expected.about.chain);
    ASSERT_EQ(batch.features.size(), expected.features.size());
    for (const auto& [name, tensor] : expected.features) {
      const at::Tensor copy = batch.features.at(name);
      ASSERT_TRUE(copy.is_cuda()) << name;
      ASSERT_EQ(copy.sizes(), tensor.sizes()) << name;
      // The arc tangents of the two devices differ in the last bit.
      EXPECT_TRUE(torch::allclose(copy.cpu(), tensor, 0, 1e-6)) << name;
    }
  }
}

// An evaluation starts and ends a feed of its own.
TEST(DeviceFeed, EndsWhileCopiesAreUnderWay) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  for (int taken = 0; taken < 10; ++taken) {
    LoaderSource source(small_data_config(), at::kCUDA);
    for (int i = 0; i < taken; ++i) (void)source.next();
  }
}

}  // namespace
}  // namespace foldperf::trainer
