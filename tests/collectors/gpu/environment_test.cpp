#include "collectors/gpu/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "core/database/writer.hpp"
#include "tests/collectors/watched.hpp"
#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

using ::testing::ElementsAre;

class HotGpu : public gpu::GpuSource {
 public:
  gpu::GpuReading read() override {
    gpu::GpuReading reading;
    reading.power_mw = 650'000;
    reading.sm_clock_mhz = 1200;
    reading.temperature_c = 86;
    reading.clock_reasons = 0x40;
    return reading;
  }
};

TEST(GpuEnvironment, SamplesEachDeviceOnceASecondAndSaysWhichItCannot) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() / "run.foldperf";
  database::RunWriter writer(path, database::this_process());
  GpuEnvironment environment([] { return std::vector<ActiveDevice>{{0, "0000:07:00.0"}, {1, "0000:08:00.0"}}; },
                             [](const std::string& id, std::string& why_not) -> std::unique_ptr<gpu::GpuSource> {
                               if (id == "0000:07:00.0") return std::make_unique<HotGpu>();
                               why_not = "Not Supported";
                               return nullptr;
                             });
  const TimeBase time{0, 0};
  for (int round = 0; round < 5; ++round) environment.drain(writer, time);  // within a second
  environment.close(writer, time);
  writer.close();
  EXPECT_THAT(testing::query(path,
                             "SELECT deviceId, sm_clock_mhz, memory_clock_mhz, throttle_reasons, power_mw, "
                             "temperature_c FROM environment"),
              ElementsAre("0|1200|-|64|650000|86"));
  EXPECT_THAT(testing::query(path, "SELECT state, detail FROM collectors WHERE name = 'gpu environment'"),
              ElementsAre("failed|GPU 1, 0000:08:00.0: Not Supported"));
}

TEST(GpuEnvironment, LooksAgainUntilTheProcessUsesAGpu) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() / "run.foldperf";
  database::RunWriter writer(path, database::this_process());
  int looked = 0;
  GpuEnvironment environment(
      [&] {
        ++looked;
        return std::vector<ActiveDevice>{};
      },
      [](const std::string&, std::string&) -> std::unique_ptr<gpu::GpuSource> { return nullptr; });
  environment.drain(writer, {0, 0});
  environment.after_fork_in_child();  // afresh
  environment.drain(writer, {0, 0});
  EXPECT_EQ(looked, 2);
  writer.close();
  EXPECT_THAT(testing::query(path, "SELECT count(*) FROM environment"), ElementsAre("0"));
}

}  // namespace
}  // namespace foldperf::collectors
