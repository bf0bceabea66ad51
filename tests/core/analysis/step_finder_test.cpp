// Steps of whole run databases, from what their programs told.
#include "core/analysis/step_finder.hpp"

#include <gtest/gtest.h>

#include "core/database/reader.hpp"
#include "core/database/schema.hpp"
#include "core/database/sqlite.hpp"
#include "tests/support/files.hpp"
#include "tests/support/sample_run.hpp"

namespace foldperf::analysis {
namespace {

using database::sqlite::Connection;
using database::sqlite::OpenMode;

// A run of one rank, filled by SQL.
class MadeUpRun {
 public:
  MadeUpRun() {
    Connection db(path(), OpenMode::create, path());
    database::create_schema(db);
    db.exec(
        "INSERT INTO runs(id,start_utc_ns,state,foldperf_version) VALUES(1,1000000,'finished','0.1.0');"
        "INSERT INTO ranks(rank,host,pid,start_utc_ns,state) VALUES(0,'node1',7,1000000,'finished')");
  }
  void sql(const std::string& text) { Connection(path(), OpenMode::read_write, path()).exec(text); }
  void range(const std::string& name, int start, int end, int thread = 1) {
    sql("INSERT INTO NVTX_EVENTS(start,\"end\",eventType,text,globalTid,domainId,rank) VALUES(" +
        std::to_string(start) + "," + std::to_string(end) + ",59,'" + name + "'," + std::to_string(thread) + ",0,0)");
  }
  [[nodiscard]] std::string path() const { return (folder_.path() / "run.db").string(); }

 private:
  testing::TemporaryFolder folder_;
};

TEST(StepFinder, StarsStandForAnyText) {
  EXPECT_TRUE(name_matches("ProfilerStep#*", "ProfilerStep#12"));
  EXPECT_TRUE(name_matches("*step*", "my step 3"));
  EXPECT_TRUE(name_matches("a*b*c", "axxbyyc"));
  EXPECT_TRUE(name_matches("*", ""));
  EXPECT_FALSE(name_matches("step", "step 3"));
  EXPECT_FALSE(name_matches("a*b", "axc"));
  EXPECT_FALSE(name_matches("", "a"));
}

TEST(StepFinder, ARangeKeptForItsGraphsIsNoStepWhereAWindowLeftItOut) {
  MadeUpRun run;
  for (int step = 0; step < 6; ++step) run.range("step", 100 * step, 100 * step + 90);
  run.sql("INSERT INTO windows(rank,start,\"end\",reason) VALUES(0,200,300,'steps'),(0,400,NULL,'steps')");
  const auto found = find_steps(run.path());
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].steps.size(), 3U);
  EXPECT_EQ(found[0].steps[0].start, 200);
  EXPECT_EQ(found[0].steps[1].start, 400);
  EXPECT_EQ(found[0].steps[2].start, 500);
}

TEST(StepFinder, StepsOfFactsGoBeforeAllElse) {
  const testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "run.db").string();
  test::SampleRunOptions options;
  options.ranks = 2;
  test::write_sample_run(path, options);
  const auto found = find_steps(path);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].rank, 1);
  EXPECT_EQ(found[0].source, "fact");
  EXPECT_EQ(found[0].steps.size(), static_cast<std::size_t>(options.steps));
  EXPECT_EQ(database::RunReader(path).count("step_ranges"), 2 * options.steps);
  // Again: the same rows, not twice as many.
  find_steps(path);
  EXPECT_EQ(database::RunReader(path).count("step_ranges"), 2 * options.steps);
}

TEST(StepFinder, KnownNamesAndTheAskedOne) {
  MadeUpRun run;
  for (int i = 0; i < 5; ++i) run.range("ProfilerStep#" + std::to_string(i), 100 * i, 100 * i + 90);
  for (int i = 0; i < 3; ++i) run.range("batch " + std::to_string(i), 200 * i, 200 * i + 190);
  auto found = find_steps(run.path());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].source, "nvtx");
  EXPECT_EQ(found[0].steps.size(), 5U);
  found = find_steps(run.path(), {"batch *"});
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].steps.size(), 3U);
  EXPECT_EQ(found[0].steps[1].step, 1);
  EXPECT_EQ(found[0].steps[1].start, 200);
  EXPECT_EQ(found[0].steps[1].end, 390);
  // A name that is not there: what else is known.
  EXPECT_EQ(find_steps(run.path(), {"nothing"}).at(0).steps.size(), 5U);
}

TEST(StepFinder, ARangeInItselfCountsOnceAndTheBusiestThreadLeads) {
  MadeUpRun run;
  for (int i = 0; i < 4; ++i) {
    run.range("train_step", 100 * i, 100 * i + 90);
    run.range("train_step", 100 * i + 10, 100 * i + 50);
  }
  for (int i = 0; i < 2; ++i) run.range("train_step", 100 * i, 100 * i + 95, 2);
  const auto found = find_steps(run.path());
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].steps.size(), 4U);
  EXPECT_EQ(found[0].steps[0].end, 90);
}

TEST(StepFinder, ReplaysOfOneGraphAreStepsWhatTheirKernelsAre) {
  MadeUpRun run;
  std::string sql = "BEGIN;";
  for (int i = 0; i < 10; ++i) {
    for (int k = 0; k < 5; ++k) {
      const int start = 1000 * i + 100 * k;
      sql +=
          "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(start,\"end\",streamId,shortName,graphId,correlationId,rank) "
          "VALUES(" +
          std::to_string(start) + "," + std::to_string(start + 90) + ",7," + std::to_string(k) + ",2," +
          std::to_string(i) + ",0);";
    }
  }
  run.sql(sql + "COMMIT");
  const auto found = find_steps(run.path());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].source, "pattern");
  EXPECT_GE(found[0].confidence, 0.9);
  ASSERT_EQ(found[0].steps.size(), 10U);
  EXPECT_EQ(found[0].steps[3].start, 3000);
  EXPECT_EQ(found[0].steps[3].end, 3490);
}

TEST(StepFinder, CollectivesAloneTellSteps) {
  MadeUpRun run;
  std::string sql = "BEGIN;";
  for (int i = 0; i < 40; ++i) {
    sql += "INSERT INTO collectives(rank,start,\"end\",communicator,operation,bytes) VALUES(0," +
           std::to_string(1000 * i) + "," + std::to_string(1000 * i + 500) + ",1,'AllReduce'," +
           std::to_string(1024 << (i % 4)) + ");";
  }
  run.sql(sql + "COMMIT");
  const auto found = find_steps(run.path());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NEAR(static_cast<double>(found[0].steps.size()), 10, 1);
}

TEST(StepFinder, ARunWithoutEventsHasNone) {
  MadeUpRun run;
  EXPECT_TRUE(find_steps(run.path()).empty());
  EXPECT_EQ(database::RunReader(run.path()).count("step_ranges"), 0);
}

}  // namespace
}  // namespace foldperf::analysis
