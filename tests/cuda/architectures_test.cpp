#include "tests/cuda/architectures.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace foldperf::testing {
namespace {

class CudaBuild : public ::testing::Test {
 protected:
  void SetUp() override {
    if (device_count() == 0) GTEST_SKIP() << "no CUDA device on this machine";
  }
};

// "80;90;100;120" as CMake wrote it.
bool built_for(int capability) {
  std::istringstream list(FOLDPERF_CUDA_ARCHITECTURES);
  for (std::string item; std::getline(list, item, ',');) {
    if (item == std::to_string(capability)) return true;
  }
  return false;
}

TEST_F(CudaBuild, ADeviceOfTheListRunsItsOwnMachineCode) {
  const int capability = device_compute_capability();
  if (!built_for(capability))
    GTEST_SKIP() << "built for sm_" FOLDPERF_CUDA_ARCHITECTURES ", device is sm_" << capability;
  EXPECT_EQ(loaded_binary_version(), capability);
}

TEST_F(CudaBuild, KernelsCompute) {
  const std::vector<float> result = axpy_on_device(2.0F, {1, 2, 3}, {10, 20, 30});
  EXPECT_EQ(result, (std::vector<float>{12, 24, 36}));
}

}  // namespace
}  // namespace foldperf::testing
