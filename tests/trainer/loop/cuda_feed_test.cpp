#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/support/files.hpp"
#include "trainer/loop/loader_source.hpp"

namespace foldperf::trainer {
namespace {

DataConfig small_config() {
  DataConfig config;
  // In the repository, or beside a bundle of programs.
  const auto source = testing::project_dir();
  const auto folder = std::filesystem::is_directory(source / "samples") ? source : source.parent_path();
  config.source.train_data_dir = (folder / "samples").string();
  config.source.train_chains = {"1as5_A", "1ejg_A"};
  config.train.crop_size = 16;
  config.train.max_msa_clusters = 4;
  config.train.max_extra_msa = 4;
  config.common.max_recycling_iters = 1;
  config.loader.order = "strict";
  return config;
}

// The same samples through pinned memory and a stream of their own.
TEST(DeviceFeed, AGpuGetsWhatTheCpuGets) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const DataConfig config = small_config();
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
    LoaderSource source(small_config(), at::kCUDA);
    for (int i = 0; i < taken; ++i) (void)source.next();
  }
}

}  // namespace
}  // namespace foldperf::trainer
