// Peaks by phase on a real device.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "trainer/memory/device_memory.hpp"
#include "trainer/memory/meta_memory.hpp"

namespace foldperf::trainer {
namespace {

constexpr std::int64_t mib = 1024 * 1024;

TEST(CudaMemory, PeaksArePhaseByPhase) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  const at::Device device(at::kCUDA, 0);
  const auto bytes = [&](std::int64_t count) {
    return torch::empty({count}, at::TensorOptions(device).dtype(at::kByte));
  };
  const at::Tensor first = bytes(512);
  DeviceMemory memory(device);
  ASSERT_TRUE(memory.counts());
  memory.begin_phase("forward");
  const at::Tensor kept = bytes(256 * mib);
  memory.begin_phase("backward");
  bytes(512 * mib);
  memory.begin_phase("forward");
  memory.end_phase();
  const auto peaks = memory.peaks_gib();
  ASSERT_EQ(peaks.size(), 2U);
  EXPECT_NEAR(peaks.at("forward"), 0.25, 0.01);
  EXPECT_NEAR(peaks.at("backward"), 0.75, 0.01);
  EXPECT_NEAR(memory.peak_reserved_gib(), 0.75, 0.05);
  EXPECT_EQ(last_memory_phase(), "forward");
  const auto capacity = DeviceMemory::capacity(device);
  ASSERT_TRUE(capacity);
  EXPECT_GT(capacity->total_gib, capacity->free_gib);
  EXPECT_GT(capacity->free_gib, 0);
}

TEST(CudaMemory, TheMetaDeviceCountsAsTheAllocatorOfTheGpuDoes) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  // Blocks of many sizes that come and go, on both devices.
  const auto play = [](at::Device device) {
    std::vector<at::Tensor> held(24);
    std::uint32_t state = 1;
    for (int i = 0; i < 2000; ++i) {
      state = state * 1664525U + 1013904223U;
      at::Tensor& place = held[(state >> 8) % held.size()];
      place = at::Tensor();
      const std::int64_t size = (state >> 16) % 3 == 0 ? state % (1 << 20) : state % (64 << 20);
      place = torch::empty({size + 1}, at::TensorOptions(device).dtype(at::kByte));
    }
  };
  const at::Device gpu(at::kCUDA, 0);
  torch::empty({1}, gpu);
  auto* allocator = at::getDeviceAllocator(at::kCUDA);
  allocator->emptyCache();
  const auto of = [&] { return allocator->getDeviceStats(0); };
  const std::int64_t allocated = of().allocated_bytes[0].current, reserved = of().reserved_bytes[0].current;
  allocator->resetPeakStats(0);
  play(gpu);
  meta_memory::install();
  meta_memory::release_unused();
  meta_memory::reset_peak();
  const meta_memory::Usage before = meta_memory::live();
  play(at::kMeta);
  EXPECT_EQ(meta_memory::peak().allocated - before.allocated, of().allocated_bytes[0].peak - allocated);
  EXPECT_EQ(meta_memory::peak().reserved - before.reserved, of().reserved_bytes[0].peak - reserved);
}

}  // namespace
}  // namespace foldperf::trainer
