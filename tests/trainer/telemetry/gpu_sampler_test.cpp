// Sums of readings a step.
#include "trainer/telemetry/gpu_sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace foldperf::trainer::telemetry {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::IsEmpty;

constexpr std::int64_t second = 1'000'000'000;

gpu::GpuReading reading_of(std::optional<std::uint64_t> energy_mj, std::optional<std::uint32_t> power_mw) {
  gpu::GpuReading reading;
  reading.energy_mj = energy_mj;
  reading.power_mw = power_mw;
  return reading;
}

TEST(GpuAccumulator, EnergyIsTheCountersDifferenceAndGoesOnAtTheLastPower) {
  GpuAccumulator sums;
  sums.add(reading_of(1'000'000, 600'000), 0);
  sums.add(reading_of(1'300'000, 600'000), second / 2);  // 300 J
  EXPECT_THAT(sums.take(second).at("energy_j"), DoubleEq(300 + 0.5 * 600));
  sums.add(reading_of(1'700'000, 600'000), 3 * second / 2);  // 700 J since the first reading, of which 600 were told
  EXPECT_THAT(sums.take(3 * second / 2).at("energy_j"), DoubleNear(100, 1e-9));
}

TEST(GpuAccumulator, StepsShorterThanTheReadingsDistanceSumUp) {
  GpuAccumulator sums;
  double told = 0;
  sums.add(reading_of(0, 700'000), 0);
  for (int step = 1; step <= 100; ++step) {  // 20 ms each
    const std::int64_t now = step * second / 50;
    // Power falls in the middle: what was told ahead must not be told again, nor a negative energy.
    if (step % 5 == 0)
      sums.add(reading_of(step <= 50 ? step * 14'000 : 700'000 + (step - 50) * 2'000, step < 50 ? 700'000 : 100'000),
               now);
    const double energy = sums.take(now).at("energy_j");
    EXPECT_GE(energy, 0) << step;
    told += energy;
  }
  EXPECT_THAT(told, DoubleNear(800, 1e-6));
}

TEST(GpuAccumulator, PowerOverTimeWhereThereIsNoCounter) {
  GpuAccumulator sums;
  sums.add(reading_of({}, 400'000), 0);
  sums.add(reading_of({}, 600'000), second);
  EXPECT_THAT(sums.take(second).at("energy_j"), DoubleEq(500));
}

TEST(GpuAccumulator, ACounterThatStartsAgainCostsNothing) {
  GpuAccumulator sums;
  sums.add(reading_of(9'000'000, {}), 0);
  sums.add(reading_of(10'000, {}), second);
  sums.add(reading_of(60'000, {}), 2 * second);
  EXPECT_THAT(sums.take(2 * second).at("energy_j"), DoubleEq(50));
}

TEST(GpuAccumulator, MeansOfTheReadingsSinceTheLastTake) {
  GpuAccumulator sums;
  gpu::GpuReading reading = reading_of({}, 500'000);
  reading.sm_clock_mhz = 1980;
  reading.clock_reasons = 0;
  sums.add(reading, 0);
  reading.sm_clock_mhz = 1200;
  reading.clock_reasons = 0x04;  // power cap
  sums.add(reading, second);
  reading.clock_reasons = 0x40 | 0x01;  // too hot; idle is no throttling
  sums.add(reading, 2 * second);
  reading.clock_reasons = 0x01;
  sums.add(reading, 3 * second);
  auto values = sums.take(3 * second);
  EXPECT_THAT(values.at("sm_clock_mhz"), DoubleEq((1980 + 3 * 1200) / 4.0));
  EXPECT_THAT(values.at("power_w"), DoubleEq(500));
  EXPECT_THAT(values.at("throttled_share"), DoubleEq(0.5));
  EXPECT_THAT(values.at("throttled_power_share"), DoubleEq(0.25));
  EXPECT_THAT(values.at("throttled_thermal_share"), DoubleEq(0.25));
  EXPECT_EQ(values.count("memory_clock_mhz"), 0U);
  // No reading since: the last one's.
  values = sums.take(3 * second + 1);
  EXPECT_THAT(values.at("sm_clock_mhz"), DoubleEq(1200));
  EXPECT_THAT(values.at("throttled_share"), DoubleEq(0));
}

TEST(GpuAccumulator, NothingToldNothingThere) {
  GpuAccumulator sums;
  sums.add({}, 0);
  EXPECT_THAT(sums.take(second), IsEmpty());
}

// A GPU whose third look never ends until the test says so.
class HangingSource : public gpu::GpuSource {
 public:
  explicit HangingSource(std::promise<void>& hangs, std::shared_future<void> go_on)
      : hangs_(hangs), go_on_(std::move(go_on)) {}
  gpu::GpuReading read() override {
    if (++looks_ == 3) {
      hangs_.set_value();
      go_on_.wait();
    }
    return reading_of(static_cast<std::uint64_t>(looks_) * 1000, {});
  }

 private:
  std::promise<void>& hangs_;
  std::shared_future<void> go_on_;
  int looks_ = 0;
};

TEST(GpuSampler, AStepNeverWaitsForTheDriver) {
  std::promise<void> hangs;
  std::promise<void> go_on;
  {
    GpuSampler sampler(std::make_unique<HangingSource>(hangs, go_on.get_future().share()),
                       std::chrono::milliseconds(1));
    hangs.get_future().wait();
    EXPECT_THAT(sampler.take().at("energy_j"), DoubleEq(1));  // of two looks; comes back while the third hangs
    go_on.set_value();
  }
}

}  // namespace
}  // namespace foldperf::trainer::telemetry
