// Where recording is not possible, the program goes on as alone, and the run says what it lacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/cupti/end_to_end/profiled.hpp"

namespace foldperf::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void expect_ends_as_alone(const Profiled& run, const std::string& output) {
  EXPECT_EQ(run.result.exit_code, 7);
  EXPECT_EQ(run.result.output, output);
}

void expect_failed(const std::string& result, const std::string& why) {
  const Profiled run({"launches", "2", "100"}, {}, {{"FAKE_CUPTI_SUBSCRIBE", result}});
  expect_ends_as_alone(run, "200 launched\n");
  EXPECT_EQ(run.one(kernel_count), "0");
  EXPECT_EQ(run.one("SELECT count(*) FROM NVTX_EVENTS"), "2");
  EXPECT_EQ(run.one("SELECT state||': '||detail FROM collectors WHERE name='cupti'"), "failed: " + why);
  EXPECT_THAT(run.result.errors, HasSubstr(why));
  EXPECT_THAT(run.report(), HasSubstr(why));
}

TEST(CuptiTrouble, AnotherProfilerHasCupti) {
  expect_failed("39", "another profiler in this process has CUPTI, which serves one: kernels are not recorded");
}

TEST(CuptiTrouble, CuptiFails) { expect_failed("999", "cuptiSubscribe: CUPTI_ERROR_UNKNOWN (999)"); }

// Files of at most 1000 KiB: the kernel refuses what is beyond, and would send SIGXFSZ to a thread that does not block
// it.
TEST(CuptiTrouble, AFullDisk) {
  const Profiled run = Profiled::shell("ulimit -f 1000; exec " + cuda_program() + " launches 4 20000");
  expect_ends_as_alone(run, "80000 launched\n");
  // What is not in the run is counted, and that the process came to its end is known all the same.
  const std::string lost = "SELECT coalesce(sum(count),0) FROM dropped_records WHERE kind='CUPTI_ACTIVITY_KIND_KERNEL'";
  EXPECT_GT(std::stoi(run.one(lost)), 0);
  EXPECT_EQ(std::stoi(run.one(kernel_count)) + std::stoi(run.one(lost)), 80000);
  EXPECT_THAT(run.rows("SELECT state FROM ranks"), ::testing::ElementsAre("finished"));
  EXPECT_THAT(run.result.errors, HasSubstr("lost: ")) << run.result.errors;
  EXPECT_THAT(run.report(), HasSubstr("records were dropped"));
}

TEST(CuptiTrouble, AFolderThatTakesNoFile) {
  const Profiled run = Profiled::shell("FOLDPERF_OUTPUT_DIR=/proc exec " + cuda_program() + " launches 2 100");
  expect_ends_as_alone(run, "200 launched\n");
  EXPECT_EQ(run.one(kernel_count), "0");
  EXPECT_THAT(run.result.errors, AllOf(HasSubstr("nothing was recorded"), HasSubstr("could not create its file")));
}

}  // namespace
}  // namespace foldperf::testing
