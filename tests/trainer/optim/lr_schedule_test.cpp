#include "trainer/optim/lr_schedule.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"
#include "tests/support/golden.hpp"

namespace foldperf::testing {

using namespace trainer;

namespace {

// Every schedule of every lr_schedule file: f64.lr_<name> at the listed steps.
TEST(LrSchedule, EqualsOpenFold) {
  std::size_t checked = 0;
  for (const std::string& file_name : discover("training", "lr_schedule")) {
    const TensorDict file = load_golden("training", file_name);
    const TensorDict schedules = with_prefix(file, "f64.lr_");
    EXPECT_FALSE(schedules.empty()) << file_name << " has nothing to compare";
    for (const auto& [name, rates] : schedules) {
      SCOPED_TRACE(name);
      const nlohmann::json& settings = manifest().at("training").at("lr_schedule").at(name);
      const AlphaFoldLRScheduler scheduler({.base_lr = settings.at("base_lr"),
                                            .max_lr = settings.at("max_lr"),
                                            .warmup_no_steps = settings.at("warmup_no_steps"),
                                            .start_decay_after_n_steps = settings.at("start_decay_after_n_steps"),
                                            .decay_every_n_steps = settings.at("decay_every_n_steps"),
                                            .decay_factor = settings.at("decay_factor")});
      for (std::int64_t i = 0; i < rates.size(0); ++i) {
        const auto step = file.at("step").select(0, i).item<std::int64_t>();
        const auto expected = rates.select(0, i).item<double>();
        EXPECT_NEAR(scheduler.at(step), expected, 1e-12 * std::abs(expected)) << "step " << step;
        ++checked;
      }
    }
  }
  if (checked == 0) GTEST_SKIP() << "no learning-rate schedule among the golden files";
}

TEST(LrSchedule, StartsAtTheBaseRateAndDecaysAfterTheStartOnly) {
  const AlphaFoldLRScheduler scheduler({.base_lr = 1e-5,
                                        .max_lr = 1e-3,
                                        .warmup_no_steps = 10,
                                        .start_decay_after_n_steps = 20,
                                        .decay_every_n_steps = 5,
                                        .decay_factor = 0.5});
  EXPECT_DOUBLE_EQ(scheduler.at(0), 1e-5);
  EXPECT_DOUBLE_EQ(scheduler.at(10), 1e-5 + 1e-3);  // base plus maximum, as in OpenFold
  EXPECT_DOUBLE_EQ(scheduler.at(11), 1e-3);
  EXPECT_DOUBLE_EQ(scheduler.at(20), 1e-3);
  EXPECT_DOUBLE_EQ(scheduler.at(21), 0.5e-3);
  EXPECT_DOUBLE_EQ(scheduler.at(25), 0.25e-3);
}

TEST(LrSchedule, WithoutWarmupStartsAtTheMaximum) {
  const AlphaFoldLRScheduler scheduler({.warmup_no_steps = 0});
  EXPECT_DOUBLE_EQ(scheduler.at(0), scheduler.config().max_lr);
}

TEST(LrSchedule, RefusesSettingsThatContradictEachOther) {
  EXPECT_THROW(AlphaFoldLRScheduler({.warmup_no_steps = 30, .start_decay_after_n_steps = 20}), UsageError);
  EXPECT_THROW(AlphaFoldLRScheduler({.warmup_no_steps = -1}), UsageError);
  EXPECT_THROW(AlphaFoldLRScheduler({.decay_every_n_steps = 0}), UsageError);
}

}  // namespace
}  // namespace foldperf::testing
