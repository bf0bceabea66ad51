// metrics.jsonl.
#include "trainer/loop/metrics_log.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(MetricsLog, NamesAFullDisk) {
  const TrainerConfig config;
  MetricsLog log("/dev/full");
  log.run_start(RunStart{config});
  const std::vector<ChainMetrics> chains{{"", 0, {{"lddt_ca", 0.5}}}};
  EXPECT_THAT(message_of<SystemError>([&] {
                log.evaluation({1, chains, 0.5});
              }),
              AllOf(HasSubstr("/dev/full"), HasSubstr("No space left on device")));
}

TEST(MetricsLog, WhatIsNotFiniteBecomesNull) {
  const TrainerConfig config;
  const ::foldperf::testing::TemporaryFolder folder;
  MetricsLog log((folder / "m.jsonl").string());
  log.run_start(RunStart{config});
  const std::vector<ChainMetrics> chains{{"1ubi_A", 76, {{"lddt_ca", std::nan("")}}}};
  log.evaluation({1, chains, 0.5});
  log.run_end({});
  EXPECT_EQ(::foldperf::testing::read_file(folder / "m.jsonl"),
            "{\"kind\":\"eval\",\"step\":1,\"chain\":\"1ubi_A\",\"length\":76,\"lddt_ca\":null}\n");
}

}  // namespace
}  // namespace foldperf::trainer
