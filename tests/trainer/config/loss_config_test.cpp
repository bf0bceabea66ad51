#include "trainer/config/loss_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

using nlohmann::json;

TEST(LossConfig, SurvivesWritingAndReading) {
  LossConfig config;
  config.fape.sidechain.clamp_distance = 7.5;
  config.plddt_loss.no_bins = 11;
  config.violation.average_clashes = true;
  set_fine_tuning_weights(config);
  enable_tm_loss(config);
  const LossConfig read = loss_config_from_json(to_json(config));
  EXPECT_EQ(to_json(read), to_json(config));
  EXPECT_EQ(read.fape.sidechain.clamp_distance, 7.5);
  EXPECT_EQ(read.violation.weight, 1.0);
  EXPECT_EQ(read.experimentally_resolved.weight, 0.01);
  EXPECT_EQ(read.tm.weight, 0.1);
}

TEST(LossConfig, KeepsDefaultsForMissingKeysAndTakesIntegersForNumbers) {
  const LossConfig config = loss_config_from_json(json::parse(R"({"tm": {"max_bin": 20}, "eps": 1e-8})"));
  EXPECT_EQ(config.tm.max_bin, 20.0);
  EXPECT_EQ(config.tm.no_bins, LossConfig().tm.no_bins);
}

void expect_refused(const char* text, const char* named) {
  try {
    (void)loss_config_from_json(json::parse(text));
    FAIL() << "no exception for " << text;
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(named));
  }
}

TEST(LossConfig, NamesTheKeyThatIsWrong) {
  expect_refused(R"({"fape": {"backbone": {"clamp": 3}}})", "loss.fape.backbone.clamp");
  expect_refused(R"({"distogram": {"no_bins": 3.5}})", "loss.distogram.no_bins");
  expect_refused(R"({"distogram": 3})", "loss.distogram");
  expect_refused(R"({"chain_center_of_mass": {"enabled": true}})", "chain_center_of_mass");
}

}  // namespace
}  // namespace foldperf::trainer
