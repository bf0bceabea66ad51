// Energy and clocks of a real GPU.
#include "trainer/loop/gpu_measurements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <chrono>

namespace foldperf::trainer {
namespace {

using ::testing::MatchesRegex;

TEST(GpuMeasurements, NothingOnTheCpu) {
  EXPECT_EQ(measure_gpu(at::kCPU, [](const std::string& text) { FAIL() << text; }), nullptr);
}

TEST(GpuMeasurements, EveryGpuIsKnownToNvmlByItsPlace) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  for (c10::DeviceIndex i = 0; i < static_cast<c10::DeviceIndex>(torch::cuda::device_count()); ++i) {
    const std::string id = pci_bus_id({at::kCUDA, i});
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]+:[0-9a-f]+:[0-9a-f]+\\.0"));
    std::string why_not;
    EXPECT_NE(gpu::NvmlDevice::open(id, why_not), nullptr) << why_not;
  }
}

TEST(GpuMeasurements, WorkCostsEnergy) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  std::string notes;
  const auto sampler = measure_gpu({at::kCUDA, 0}, [&](const std::string& text) { notes += text + "\n"; });
  ASSERT_NE(sampler, nullptr) << notes;
  auto matrix = torch::randn({4096, 4096}, torch::kCUDA);
  sampler->take();
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::seconds(1)) {
    matrix = torch::tanh(matrix.mm(matrix));
    torch::cuda::synchronize();
  }
  const auto values = sampler->take();
  for (const auto& [name, value] : values) std::cout << name << " " << value << "\n";
  std::cout << notes;
  ASSERT_TRUE(values.count("energy_j") == 1 && values.count("power_w") == 1 && values.count("sm_clock_mhz") == 1);
  EXPECT_GT(values.at("energy_j"), 10);
  EXPECT_LT(values.at("energy_j"), 5000);
  EXPECT_GT(values.at("power_w"), 20);
  EXPECT_GT(values.at("sm_clock_mhz"), 100);
}

}  // namespace
}  // namespace foldperf::trainer
