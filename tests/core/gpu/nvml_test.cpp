// The GPU's counters through a library in the place of the driver's.
#include "core/gpu/nvml.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace foldperf::gpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* the_gpu = "0000:1b:00.0";

class Nvml : public ::testing::Test {
 protected:
  ~Nvml() override { unsetenv("FAKE_NVML"); }
  static void told(const char* words) { setenv("FAKE_NVML", words, 1); }
  std::unique_ptr<NvmlDevice> open(const std::string& device, const std::string& library = FAKE_NVML) {
    return NvmlDevice::open(device, why_not, library);
  }
  std::string why_not;
};

TEST_F(Nvml, ReadsTheDeviceByPciBusIdOrUuid) {
  for (const char* name : {the_gpu, "GPU-11111111-2222-3333-4444-555555555555"}) {
    const auto device = open(name);
    ASSERT_NE(device, nullptr) << why_not;
    EXPECT_EQ(device->name(), "Made-up GPU");
    EXPECT_THAT(device->missing(), IsEmpty());
    const GpuReading first = device->read();
    EXPECT_EQ(first.power_mw, 650'000U);
    EXPECT_EQ(first.sm_clock_mhz, 1755U);
    EXPECT_EQ(first.memory_clock_mhz, 2619U);
    EXPECT_EQ(first.temperature_c, 61U);
    EXPECT_EQ(first.utilisation_percent, 97U);
    EXPECT_EQ(first.clock_reasons, 0x04U);
    ASSERT_TRUE(first.energy_mj);
    EXPECT_EQ(device->read().energy_mj, *first.energy_mj + 50'000);
  }
}

TEST_F(Nvml, WhatTheGpuDoesNotTellIsMissingAndNamed) {
  told("no_energy no_clock_reasons");
  const auto device = open(the_gpu);
  ASSERT_NE(device, nullptr) << why_not;
  EXPECT_THAT(device->missing(), ElementsAre("energy counter (Not Supported)", "throttle reasons (Not Supported)"));
  const GpuReading reading = device->read();
  EXPECT_FALSE(reading.energy_mj);
  EXPECT_FALSE(reading.clock_reasons);
  EXPECT_EQ(reading.power_mw, 650'000U);
}

TEST_F(Nvml, OlderDriversNameTheirReasonsDifferently) {
  const auto device = open(the_gpu, FAKE_NVML_OLD);
  ASSERT_NE(device, nullptr) << why_not;
  EXPECT_EQ(device->read().clock_reasons, 0x04U);
}

TEST_F(Nvml, SaysWhyThereIsNone) {
  EXPECT_EQ(open(the_gpu, "/no/such/libnvidia-ml.so.1"), nullptr);
  EXPECT_THAT(why_not, HasSubstr("/no/such/libnvidia-ml.so.1"));
  EXPECT_EQ(open(the_gpu, "libm.so.6"), nullptr);
  EXPECT_THAT(why_not, HasSubstr("has not the functions of NVML"));
  EXPECT_EQ(open("0000:ff:00.0"), nullptr);
  EXPECT_EQ(why_not, "NVML does not know the GPU 0000:ff:00.0: Not Found");
  told("no_driver");
  EXPECT_EQ(open(the_gpu), nullptr);
  EXPECT_EQ(why_not, "NVML does not start: Driver Not Loaded");
}

TEST_F(Nvml, EndsWhatItStarted) {
  void* library = dlopen(FAKE_NVML, RTLD_NOW);
  ASSERT_NE(library, nullptr);
  const auto starts = reinterpret_cast<int (*)()>(dlsym(library, "fake_nvml_starts"));
  {
    const auto device = open(the_gpu);
    EXPECT_EQ(starts(), 1);
  }
  EXPECT_EQ(open("0000:ff:00.0"), nullptr);
  EXPECT_EQ(starts(), 0);
  dlclose(library);
}

}  // namespace
}  // namespace foldperf::gpu
