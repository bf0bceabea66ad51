// What CUPTI itself says of the chips that people train on: it needs no GPU for that, nor a driver.
#include "collectors/counters/chip_metrics.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "collectors/counters/counter_sampling.hpp"

namespace foldperf::collectors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Of the Python environment; null where it has none.
void* real_cupti() {
  const std::filesystem::path folder = std::filesystem::path(FOLDPERF_PYTHON).parent_path().parent_path() / "lib";
  std::error_code ignored;
  for (const auto& python : std::filesystem::directory_iterator(folder, ignored)) {
    const auto library = python.path() / "site-packages/nvidia/cu13/lib/libcupti.so.13";
    if (std::filesystem::exists(library)) return dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  return nullptr;
}

class RealChips : public ::testing::Test {
 protected:
  void SetUp() override {
    void* library = real_cupti();
    if (library == nullptr) GTEST_SKIP() << "the Python environment has no CUPTI of CUDA 13";
    ASSERT_EQ(api.load(library), "");
  }
  PmApi api;
};

TEST_F(RealChips, CountBandwidthAndTensorCoresInOnePass) {
  for (const char* name : {"GA100", "GH100", "GB100", "GB202"}) {
    SCOPED_TRACE(name);
    ChipMetrics chip(api, name);
    std::vector<std::string> left_out;
    const std::vector<std::string> chosen = chip.that_fit(default_metrics(), left_out);
    EXPECT_GE(chosen.size(), 8U);
    EXPECT_EQ(chosen.size() + left_out.size(), default_metrics().size());
    for (const char* wanted : {"dram__read", "dram__write", "sm__cycles_active", "tensor"}) {
      EXPECT_THAT(::testing::PrintToString(chosen), HasSubstr(wanted));
    }
    std::string why_not;
    ASSERT_TRUE(chip.configure(chosen, why_not)) << why_not;
    EXPECT_EQ(chip.passes(), 1U);
    EXPECT_FALSE(chip.configuration().empty());
  }
}

TEST_F(RealChips, HopperCountsAllDefaultMetrics) {
  ChipMetrics chip(api, "GH100");
  std::vector<std::string> left_out;
  EXPECT_EQ(chip.that_fit(default_metrics(), left_out), default_metrics());
  EXPECT_THAT(left_out, IsEmpty());
}

TEST_F(RealChips, AMetricThatAChipLacksIsNamedAndLeftOut) {
  ChipMetrics chip(api, "GH100");
  std::string why_not;
  EXPECT_FALSE(chip.configure({"sm__cycles_active.avg", "no__such_metric.sum"}, why_not));
  EXPECT_THAT(why_not, HasSubstr("no__such_metric.sum: "));
  std::vector<std::string> left_out;
  EXPECT_THAT(chip.that_fit({"no__such_metric.sum", "sm__cycles_active.avg"}, left_out),
              ElementsAre("sm__cycles_active.avg"));
  EXPECT_THAT(left_out, ElementsAre("no__such_metric.sum"));
}

}  // namespace
}  // namespace foldperf::collectors
