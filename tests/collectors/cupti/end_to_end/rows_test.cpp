// What CUPTI told is in the run, all of it, joined as it belongs, and what it could not keep is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/cupti/end_to_end/profiled.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CuptiRows, EveryKernelAndItsLaunchOfEveryThread) {
  const Profiled run({"launches", "6", "5000"});
  EXPECT_EQ(run.result.exit_code, 7);
  EXPECT_EQ(run.result.output, "30000 launched\n");
  EXPECT_EQ(run.one(kernel_count), "30000");
  EXPECT_EQ(run.one(call_count), "30000");  // cudaGetDevice is not worth a record
  EXPECT_EQ(run.one("SELECT count(DISTINCT raw_correlationId)||' '||min(raw_correlationId)||' '||"
                    "max(raw_correlationId) FROM CUPTI_ACTIVITY_KIND_KERNEL"),
            "30000 1 30000");
  EXPECT_THAT(run.rows("SELECT s.value, count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN StringIds s ON "
                       "s.id=k.demangledName GROUP BY 1 ORDER BY 1"),
              ElementsAre("gemm()|15000", "triton_red_fused_0|15000"));
  // Each launch lies in its thread's range, and its kernel after it.
  EXPECT_THAT(run.rows("SELECT " + event_text +
                       ", count(*) FROM NVTX_EVENTS e JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.globalTid=e.globalTid "
                       "AND r.start BETWEEN e.start AND e.\"end\" JOIN CUPTI_ACTIVITY_KIND_KERNEL k ON "
                       "k.correlationId=r.correlationId AND k.start=r.start+500 AND k.\"end\"=r.start+900 "
                       "GROUP BY 1 ORDER BY 1"),
              ElementsAre("thread 0|5000", "thread 1|5000", "thread 2|5000", "thread 3|5000", "thread 4|5000",
                          "thread 5|5000"));
  EXPECT_THAT(run.rows("SELECT * FROM dropped_records"), IsEmpty());
  EXPECT_THAT(run.one("SELECT state||' '||detail FROM collectors WHERE name='cupti'"),
              HasSubstr("on CUPTI 130000, level kernels, graphs by node, "));
}

TEST(CuptiRows, LevelFullHasEveryCallAndLevelLightNone) {
  const Profiled full({"launches", "2", "100"}, {"--level", "full"});
  EXPECT_EQ(full.one(kernel_count), "200");
  EXPECT_EQ(full.one(call_count), "400");
  const Profiled light({"launches", "2", "100"}, {"--level", "light"});
  EXPECT_EQ(light.one(kernel_count), "0");
  EXPECT_EQ(light.one("SELECT count(*) FROM NVTX_EVENTS"), "2");
}

TEST(CuptiRows, OutsideOfAWindowCuptiIsOffAndNothingIsRecorded) {
  const Profiled run({"windows"}, {"--range", "wanted"});
  EXPECT_EQ(run.result.output, "14 launched\n");
  EXPECT_THAT(run.rows("SELECT s.value, count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN StringIds s ON "
                       "s.id=k.demangledName GROUP BY 1"),
              ElementsAre("inside|7"));
  EXPECT_EQ(run.one(call_count), "7");
  EXPECT_EQ(run.one("SELECT count(*) FROM windows WHERE reason='range'"), "2");
  EXPECT_THAT(run.rows("SELECT * FROM dropped_records"), IsEmpty());
}

TEST(CuptiRows, AGraphCapturedOutsideOfAWindowKeepsItsRanges) {
  for (const char* threads : {"1", "2"}) {
    const Profiled run({"graph", threads}, {"--range", "replay"});
    EXPECT_THAT(run.rows("SELECT t.value, count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUDA_GRAPH_NODE_EVENTS n ON "
                         "n.graphNodeId=k.graphNodeId JOIN range_stacks s ON s.id=n.stackId JOIN StringIds t ON "
                         "t.id=s.textId GROUP BY 1 ORDER BY 1"),
                ElementsAre("backward|2", "forward|2"))
        << threads << " threads";
    EXPECT_EQ(run.one(call_count), "2");
  }
}

TEST(CuptiRows, OddRecordsAreCountedAndTheOthersKept) {
  const Profiled run({"odd"});
  EXPECT_EQ(run.one(kernel_count), "100");
  EXPECT_EQ(run.one("SELECT count(*) FROM (SELECT start-lag(start) OVER (ORDER BY raw_correlationId) d FROM "
                    "CUPTI_ACTIVITY_KIND_KERNEL) WHERE d=10"),
            "99");
  EXPECT_THAT(run.rows("SELECT kind,reason,count FROM dropped_records ORDER BY count"),
              ElementsAre("collectors|CUPTI told of a kind of activity that is unknown here|4",
                          "CUPTI_ACTIVITY_KIND_KERNEL|CUPTI gave no times|5"));
  EXPECT_THAT(run.result.errors, HasSubstr("lost: 5 of CUPTI_ACTIVITY_KIND_KERNEL (CUPTI gave no times)"));
}

TEST(CuptiRows, WhatFoundNoBufferIsCounted) {
  const Profiled run({"drops"});
  const std::string printed = run.result.output;  // "N dropped\n2000 launched\n"
  const int dropped = std::stoi(printed);
  ASSERT_GT(dropped, 0) << "the test's threads found buffers: it tests nothing";
  EXPECT_EQ(run.one("SELECT sum(count) FROM dropped_records WHERE kind='CUPTI_ACTIVITY_KIND_KERNEL' AND reason='CUPTI "
                    "had no buffer'"),
            std::to_string(dropped));
  // CUPTI does not say of which kind they were: kernels and their calls together.
  EXPECT_EQ(std::stoi(run.one(kernel_count)) + std::stoi(run.one(call_count)) + dropped, 4000);
  EXPECT_THAT(run.report(), HasSubstr("CUPTI had no buffer"));
  EXPECT_EQ(run.result.errors.find("not zeroed"), std::string::npos) << run.result.errors;
}

TEST(CuptiRows, KernelsOfAReplayBelongToTheRangesOfTheirCapture) {
  const Profiled run({"graph"});
  EXPECT_EQ(run.one(kernel_count), "4");
  const std::string stack =
      "WITH RECURSIVE up(node,id,path) AS (SELECT n.graphNodeId, s.parent, (SELECT value FROM StringIds WHERE "
      "id=s.textId) FROM CUDA_GRAPH_NODE_EVENTS n JOIN range_stacks s ON s.id=n.stackId UNION ALL SELECT up.node, "
      "s.parent, (SELECT value FROM StringIds WHERE id=s.textId)||'/'||up.path FROM up JOIN range_stacks s ON "
      "s.id=up.id) ";
  EXPECT_THAT(run.rows(stack + "SELECT v.value, k.raw_correlationId, up.path FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN up "
                               "ON up.node=k.graphNodeId AND coalesce(up.id,0)=0 JOIN StringIds v ON "
                               "v.id=k.demangledName ORDER BY k.start"),
              ElementsAre("first|1|capture/forward", "second|1|capture/backward", "first|2|capture/forward",
                          "second|2|capture/backward"));
  EXPECT_THAT(run.rows("SELECT eventClass, count(*) FROM CUDA_GRAPH_NODE_EVENTS GROUP BY 1 ORDER BY 1"),
              ElementsAre("1|2", "2|2"));
  EXPECT_THAT(run.rows("SELECT s.value, count(*) FROM CUPTI_ACTIVITY_KIND_RUNTIME r JOIN StringIds s ON s.id=r.nameId "
                       "GROUP BY 1"),
              ElementsAre("cudaGraphLaunch|2"));
}

}  // namespace
}  // namespace foldperf::testing
