// NVTX's payload extension: what is pushed, popped, started, ended and marked by payload, mixed with plain calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const std::string domain_name =
    "COALESCE((SELECT value FROM NvtxDomains d JOIN StringIds ON id=nameId WHERE d.domainId=e.domainId),'')";

// The rows of the only file of a watched run.
class Payloads : public ::testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    arguments.insert(arguments.begin(), nvtx_program());
    return run_process(arguments, watched(folder_.path(), std::move(environment)));
  }
  std::vector<std::string> rows(const std::string& sql) {
    const auto files = files_in(folder_.path());
    EXPECT_THAT(files, SizeIs(1));
    return files.size() == 1 ? query(files[0], sql) : std::vector<std::string>();
  }

  TemporaryFolder folder_;
};

constexpr const char* in_first_thread = "globalTid=(SELECT globalTid FROM NVTX_EVENTS ORDER BY start LIMIT 1)";

TEST_F(Payloads, ReturnDepthsToTheProgram) {
  const auto result = run({"payloads", "tell"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, " 0 1 2 0 0 2 1 0 -1 1 1 1 0\n 0 1 2 0 0 2 1 0 -1 1 1 1 0\n");
}

TEST_F(Payloads, WithoutTheCollectorNothingListens) {
  const auto result = run_process({nvtx_program(), "payloads", "tell"});
  EXPECT_EQ(result.exit_code, 0);
  const std::string none = " -2 -2 -2 -2 -2 -2 -2 -2 -2 0 0 0 0\n";
  EXPECT_EQ(result.output, none + none);
}

TEST_F(Payloads, RangesAreClosedAndNested) {
  run({"payloads"});
  EXPECT_THAT(rows("SELECT eventType," + domain_name + "," + event_text + " FROM NVTX_EVENTS e WHERE " +
                   in_first_thread + " ORDER BY start"),
              ElementsAre("59|NCCL|ncclCommInitRankConfig", "59|NCCL|outer", "59|NCCL|pointed one", "59||schema name",
                          "34|NCCL|embedded", "34|NCCL|cut off", "60|NCCL|embedded", "60|NCCL|started plain"));
  EXPECT_THAT(rows("SELECT COUNT(*),COUNT(DISTINCT globalTid),SUM(\"end\" IS NULL OR \"end\"<start) FROM NVTX_EVENTS "
                   "WHERE eventType<>34"),
              ElementsAre("12|2|0"));
  // A payload's bytes are those of its struct: a number of 4 bytes, a pointer, a text of 8.
  EXPECT_THAT(rows("SELECT DISTINCT LENGTH(binaryData) FROM NVTX_EVENTS e WHERE " + event_text +
                   " IN ('pointed one','pointed two','schema name','embedded') ORDER BY 1"),
              ElementsAre("24"));
  // Who encloses whom, of the ranges of the domain NCCL.
  EXPECT_THAT(rows("WITH r AS (SELECT globalTid,start,\"end\"," + event_text +
                   " AS t FROM NVTX_EVENTS e WHERE eventType IN (59,60) AND domainId<>0) "
                   "SELECT o.t||' > '||i.t FROM r o JOIN r i USING(globalTid) WHERE o.start<i.start AND "
                   "i.\"end\"<o.\"end\" AND o." +
                   std::string(in_first_thread) + " AND o.t<>'embedded' ORDER BY o.start,i.start"),
              ElementsAre("ncclCommInitRankConfig > outer", "ncclCommInitRankConfig > pointed one",
                          "ncclCommInitRankConfig > embedded", "ncclCommInitRankConfig > started plain",
                          "outer > pointed one"));
  EXPECT_THAT(rows("SELECT * FROM dropped_records"), IsEmpty());
}

TEST_F(Payloads, EndAWindow) {
  run({"payload_window"}, {{"FOLDPERF_RANGE", "window"}});
  EXPECT_THAT(rows("SELECT " + event_text + " FROM NVTX_EVENTS e ORDER BY start"), ElementsAre("window", "inside"));
  EXPECT_THAT(rows("SELECT \"end\">start,reason FROM windows"), ElementsAre("1|range"));
}

TEST_F(Payloads, EndNoRangeOfTheParentInAForkedChild) {
  run({"payload_fork"});
  std::vector<std::string> found;
  for (const std::string& file : files_in(folder_.path())) {
    for (const std::string& row :
         query(file, "SELECT " + event_text + ",\"end\">=start FROM NVTX_EVENTS e ORDER BY start")) {
      found.push_back(row);
    }
  }
  EXPECT_THAT(found, UnorderedElementsAre("parent|1", "child|1"));
}

TEST_F(Payloads, OpenTheirDoorFirstAndWithinItsBounds) {
  const auto result = run({"payload_door"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "0 0 0 0 0 0, 0 slots, 1 5 slots, 1 8 slots\n");
  EXPECT_THAT(rows("SELECT COUNT(*),SUM(\"end\" IS NULL) FROM NVTX_EVENTS WHERE eventType<>34"), ElementsAre("12|0"));
}

TEST_F(Payloads, AreLeftAloneWhereNvtxIsNotCollected) {
  const auto result = run({"payloads", "tell"}, {{"FOLDPERF_COLLECT", "host"}});
  const std::string none = " -2 -2 -2 -2 -2 -2 -2 -2 -2 0 0 0 0\n";
  EXPECT_EQ(result.output, none + none);
}

}  // namespace
}  // namespace foldperf::testing
