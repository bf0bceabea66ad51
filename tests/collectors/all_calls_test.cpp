// Every NVTX call of a C++ program with several threads arrives in the database, row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AllCalls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    result_ = new ProcessResult(
        run_process({nvtx_program(), "all_calls"}, watched(folder_->path(), {{"RANK", "3"}, {"WORLD_SIZE", "4"}})));
    const auto files = files_in(folder_->path());
    ASSERT_THAT(files, SizeIs(1));
    file_ = new std::string(files[0]);
  }
  static void TearDownTestSuite() {
    delete folder_;
    delete result_;
    delete file_;
  }
  void SetUp() override { ASSERT_NE(file_, nullptr); }
  static std::vector<std::string> rows(const std::string& sql) { return query(*file_, sql); }

  static TemporaryFolder* folder_;
  static ProcessResult* result_;
  static std::string* file_;
};
TemporaryFolder* AllCalls::folder_ = nullptr;
ProcessResult* AllCalls::result_ = nullptr;
std::string* AllCalls::file_ = nullptr;

TEST_F(AllCalls, ReturnDepthsToTheProgram) {
  EXPECT_EQ(result_->exit_code, 0);
  EXPECT_EQ(result_->errors, "");
  EXPECT_EQ(result_->output, "depths 0 1 2 2 1 0 -1\n");
}

TEST_F(AllCalls, PushPopOfTheDefaultDomain) {
  EXPECT_THAT(
      rows(
          "SELECT " + event_text +
          ",category,color,int64Value,\"end\">=start,rangeId FROM NVTX_EVENTS e WHERE eventType=59 "
          "AND domainId=0 AND globalTid=(SELECT globalTid FROM NVTX_EVENTS WHERE eventType=34 LIMIT 1) ORDER BY start"),
      ElementsAre("push A|-|-|-|1|-", "push W ä😀|-|-|-|1|-", "push Ex|7|4279246896|-5|1|-",
                  "between domains|-|-|-|1|-"));
  // Ranges nest as they were pushed.
  EXPECT_THAT(rows("SELECT COUNT(*) FROM NVTX_EVENTS o JOIN NVTX_EVENTS i ON o.start<=i.start AND i.\"end\"<=o.\"end\" "
                   "WHERE (SELECT value FROM StringIds WHERE id=o.textId)='push A' AND (SELECT value FROM StringIds "
                   "WHERE id=i.textId)='push Ex'"),
              ElementsAre("1"));
}

TEST_F(AllCalls, Marks) {
  EXPECT_THAT(
      rows("SELECT " + event_text + ",\"end\" FROM NVTX_EVENTS e WHERE eventType=34 AND domainId=0 ORDER BY start"),
      ElementsAre("mark A|-", "mark W|-", "mark Ex wide|-", "not UTF-8: \xEF\xBF\xBD.|-", "-|-"));
}

TEST_F(AllCalls, StartEndAcrossThreads) {
  EXPECT_THAT(rows("SELECT " + event_text +
                   ",rangeId IS NOT NULL,\"end\">=start,globalTid=endGlobalTid FROM NVTX_EVENTS e WHERE eventType=60 "
                   "ORDER BY start"),
              ElementsAre("start A|1|1|1", "start W|1|1|0", "start Ex|1|1|0", "oak|1|1|1"));
  EXPECT_THAT(rows("SELECT COUNT(DISTINCT rangeId) FROM NVTX_EVENTS WHERE eventType=60"), ElementsAre("4"));
}

TEST_F(AllCalls, DomainsCategoriesAndRegisteredStrings) {
  EXPECT_THAT(rows("SELECT value FROM NvtxDomains JOIN StringIds ON id=nameId ORDER BY domainId"),
              ElementsAre("zoo", "wide ß"));
  EXPECT_THAT(
      rows("SELECT c.domainId=0,category,value FROM NvtxCategories c JOIN StringIds ON id=nameId ORDER BY 1 DESC,2"),
      ElementsAre("1|7|category A", "1|8|category W", "0|1|animal", "0|2|plant"));
  EXPECT_THAT(rows("SELECT " + event_text +
                   ",category,eventType FROM NVTX_EVENTS e JOIN NvtxDomains d USING(domainId) "
                   "JOIN StringIds s ON s.id=d.nameId WHERE s.value='zoo' ORDER BY start"),
              ElementsAre("lion|1|59", "oak|2|60"));
}

TEST_F(AllCalls, PayloadsOfEveryType) {
  EXPECT_THAT(
      rows("SELECT uint64Value,int64Value,doubleValue,uint32Value,int32Value,floatValue FROM NVTX_EVENTS e WHERE " +
           event_text + "='payload' ORDER BY start"),
      ElementsAre("-1|-|-|-|-|-", "-|-2|-|-|-|-", "-|-|2.5|-|-|-", "-|-|-|4000000000|-|-", "-|-|-|-|-3|-",
                  "-|-|-|-|-|0.25"));
}

TEST_F(AllCalls, NamesOfThreadsAndResources) {
  EXPECT_THAT(rows("SELECT value,(globalTid>>24)&0xFFFFFF=(SELECT pid&0xFFFFFF FROM ranks) FROM ThreadNames JOIN "
                   "StringIds ON id=nameId ORDER BY value"),
              ElementsAre("main thread|1", "worker 0|1", "worker 1|1", "worker 2|1", "worker 3|1"));
  const auto resources =
      rows("SELECT value,identifierType,identifier FROM NvtxResources JOIN StringIds ON id=nameId ORDER BY value");
  EXPECT_THAT(resources, ::testing::Contains("cage|65538|42"));
#if __has_include(<cuda.h>)
  EXPECT_THAT(resources, ::testing::Contains("third device|262145|3"));
  EXPECT_THAT(resources, ::testing::Contains("a stream|262147|4660"));
#endif
}

TEST_F(AllCalls, EveryThreadsRangesAreWhole) {
  EXPECT_THAT(rows("SELECT " + event_text +
                   " AS t,COUNT(*),COUNT(DISTINCT globalTid),SUM(\"end\" IS NULL OR \"end\"<start) FROM NVTX_EVENTS e "
                   "WHERE t LIKE 'inner%' OR t LIKE 'outer%' GROUP BY t ORDER BY t"),
              ElementsAre("inner 0|100|1|0", "inner 1|100|1|0", "inner 2|100|1|0", "inner 3|100|1|0", "outer 0|100|1|0",
                          "outer 1|100|1|0", "outer 2|100|1|0", "outer 3|100|1|0"));
  EXPECT_THAT(rows("SELECT * FROM dropped_records"), IsEmpty());
}

TEST_F(AllCalls, TellOfTheProcess) {
  EXPECT_THAT(
      rows("SELECT rank,world_size,state,end_utc_ns>start_utc_ns,command LIKE '%nvtx_program all_calls' FROM ranks"),
      ElementsAre("3|4|finished|1|1"));
  EXPECT_THAT(rows("SELECT name,state FROM collectors ORDER BY name"), ElementsAre("host|on", "nvtx|on"));
  // Times count from the process' start, and lie within its life.
  EXPECT_THAT(rows("SELECT MIN(start)>=0,MAX(COALESCE(\"end\",start))<=(SELECT end_utc_ns-start_utc_ns FROM ranks) "
                   "FROM NVTX_EVENTS"),
              ElementsAre("1|1"));
}

TEST(ManyEvents, OfManyThreadsAreAllThereOrCounted) {
  const TemporaryFolder folder;
  const auto result = run_process({nvtx_program(), "threads"}, watched(folder.path()));
  EXPECT_EQ(result.exit_code, 0);
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0],
                    "SELECT (SELECT COUNT(*) FROM NVTX_EVENTS WHERE eventType=59)+(SELECT TOTAL(count) FROM "
                    "dropped_records)=320000"),
              ElementsAre("1"));
}

TEST(ManyEvents, MoreThanTheRingHoldsAreCounted) {
  const TemporaryFolder folder;
  const auto result =
      run_process({nvtx_program(), "overflow"}, watched(folder.path(), {{"FOLDPERF_BUFFER_BYTES", "65536"}}));
  EXPECT_EQ(result.exit_code, 0);
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(
      query(files[0],
            "SELECT COUNT(*)+(SELECT TOTAL(count) FROM dropped_records)=300000,SUM(\"end\" IS NULL) FROM NVTX_EVENTS"),
      ElementsAre("1|0"));
}

}  // namespace
}  // namespace foldperf::testing
