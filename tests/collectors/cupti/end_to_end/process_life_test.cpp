// Processes that fork, replace themselves, end threads early, are many, or only map the library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/cupti/end_to_end/profiled.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CuptiProcess, ForksTakeNothingFromTheParent) {
  const Profiled run = Profiled::shell("exec timeout 20 " + cuda_program() + " fork");
  ASSERT_EQ(run.result.exit_code, 7) << "124: a fork hung";
  ASSERT_THAT(run.result.output, HasSubstr("1000 children\n"));
  const std::string launched = std::to_string(std::stoi(run.result.output.substr(run.result.output.find('\n') + 1)));
  EXPECT_EQ(run.one(kernel_count), launched);
  EXPECT_EQ(run.one("SELECT count(DISTINCT raw_correlationId) FROM CUPTI_ACTIVITY_KIND_KERNEL"), launched);
  EXPECT_EQ(run.one(call_count), launched);
  EXPECT_THAT(run.rows("SELECT state FROM ranks"), ElementsAre("finished"));  // children left no file
  EXPECT_EQ(run.one("SELECT count(*) FROM dropped_records"), "0");
}

TEST(CuptiProcess, ANewProgramHasRowsOfItsOwn) {
  const Profiled run({"exec"});
  EXPECT_EQ(run.result.exit_code, 7);
  EXPECT_EQ(run.result.output, "30 launched\n");
  EXPECT_EQ(run.one(kernel_count), "50");
  EXPECT_EQ(run.one("SELECT count(*) FROM ranks"), "2");
}

TEST(CuptiProcess, ThreadsThatEndAtOnceLoseNothing) {
  const Profiled run({"short_threads", "200"});
  EXPECT_EQ(run.result.output, "600 launched\n");
  EXPECT_EQ(run.one(kernel_count), "600");
  EXPECT_EQ(run.one("SELECT count(DISTINCT globalTid) FROM CUPTI_ACTIVITY_KIND_RUNTIME"),
            run.one("SELECT count(DISTINCT globalTid) FROM NVTX_EVENTS"));
}

TEST(CuptiProcess, EightProcessesAreEightRanks) {
  const Profiled run = Profiled::shell("for r in 0 1 2 3 4 5 6 7; do RANK=$r WORLD_SIZE=8 " + cuda_program() +
                                       " launches 2 50 & done; wait");
  EXPECT_EQ(run.result.exit_code, 0);
  EXPECT_THAT(run.rows("SELECT rank, count(*), count(DISTINCT correlationId) FROM CUPTI_ACTIVITY_KIND_KERNEL "
                       "GROUP BY 1 ORDER BY 1"),
              ElementsAre("0|100|100", "1|100|100", "2|100|100", "3|100|100", "4|100|100", "5|100|100", "6|100|100",
                          "7|100|100"));
  // Every process counted its launches from 1: only those of the same process belong together.
  EXPECT_EQ(run.one("SELECT count(*)||' '||count(DISTINCT k.correlationId)||' '||sum(k.rank=r.rank) FROM "
                    "CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r USING (correlationId)"),
            "800 800 800");
}

TEST(CuptiProcess, WithoutAContextThereIsNoFile) {
  for (const char* mode : {"map", "init"}) {
    const Profiled run({mode});
    EXPECT_EQ(run.result.exit_code, 7) << mode;
    EXPECT_EQ(run.one("SELECT count(*) FROM ranks"), "0") << mode;
    EXPECT_THAT(run.result.errors, HasSubstr("before it left a record")) << mode;
  }
}

TEST(CuptiProcess, AContextWithoutKernelsIsARank) {
  const Profiled run({"context"});
  EXPECT_EQ(run.one("SELECT count(*) FROM ranks"), "1");
  EXPECT_EQ(run.one("SELECT state FROM collectors WHERE name='cupti'"), "on");
}

}  // namespace
}  // namespace foldperf::testing
