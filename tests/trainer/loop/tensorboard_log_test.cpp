// What a run that goes on takes back of its charts.
#include "trainer/loop/tensorboard_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/files.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/telemetry/event_encoder.hpp"

namespace foldperf::trainer {
namespace {

// Whether TensorBoard drops what earlier files say of `step` and later ones.
bool drops_from(std::int64_t step, const RunStart& start) {
  const ::foldperf::testing::TemporaryFolder folder;
  TensorBoardLog log(folder.path(), "");
  log.run_start(start);
  log.run_end({});
  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    bytes += ::foldperf::testing::read_file(file.path());
  }
  // A record's time stands first: a tag and eight bytes.
  return bytes.find(telemetry::encode_restart(1.0, step).substr(9)) != std::string::npos;
}

TEST(TensorBoardLog, AnEvaluationThatIsMadeAgainReplacesWhatWasLeftOfIt) {
  const TrainerConfig config =
      trainer_config_from_json(resolve_config({"tiny", {}, {"train.steps=20", "train.evaluate_every=6"}}));
  RunStart start{config};
  start.evaluation_chains = 2;
  start.first_step = 6;
  EXPECT_TRUE(drops_from(6, start));
  start.is_evaluated = true;
  EXPECT_FALSE(drops_from(6, start));
  EXPECT_TRUE(drops_from(7, start));
  start.is_evaluated = false;
  start.first_step = 8;  // none is due
  EXPECT_TRUE(drops_from(9, start));
  start.first_step = 20;  // that at the end
  EXPECT_TRUE(drops_from(20, start));
}

}  // namespace
}  // namespace foldperf::trainer
