// A watched program's file holds samples of its machine, of the process that wrote it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(HostSamples, ComeAboutTenTimesASecond) {
  const TemporaryFolder folder;
  // "_exit" lives for 1.5 s; what its last half second brought may be lost.
  run_process({nvtx_program(), "_exit"}, watched(folder.path()));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0], "SELECT COUNT(*) BETWEEN 2 AND 20 FROM host_samples"), ElementsAre("1"));
  EXPECT_THAT(query(files[0], "SELECT COUNT(*) FROM host_samples WHERE at<0 OR process_cpu_ns IS NULL"),
              ElementsAre("0"));
  EXPECT_THAT(query(files[0], "SELECT name,state FROM collectors ORDER BY name"), ElementsAre("host|on", "nvtx|on"));
  EXPECT_THAT(query(files[0], "SELECT COUNT(*) FROM dropped_records"), ElementsAre("0"));
}

TEST(HostSamples, OfAShortProcessAreOneAtLeast) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "mark", "x"}, watched(folder.path()));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0], "SELECT COUNT(*)>0 FROM host_samples"), ElementsAre("1"));
}

TEST(HostSamples, AreOfEachForkedProcess) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "fork"}, watched(folder.path()));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(3));
  for (const std::string& file : files) {
    EXPECT_THAT(query(file, "SELECT COUNT(*)>0 AND MIN(at)>=0 FROM host_samples"), ElementsAre("1"));
    EXPECT_THAT(query(file, "SELECT COUNT(*) FROM collectors WHERE name='host'"), ElementsAre("1"));
  }
}

TEST(HostSamples, AreNotTakenWhereTheyAreNotAskedFor) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "mark", "x"}, watched(folder.path(), {{"FOLDPERF_COLLECT", "nvtx"}}));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0], "SELECT COUNT(*) FROM host_samples"), ElementsAre("0"));
  EXPECT_THAT(query(files[0], "SELECT name FROM collectors"), Each("nvtx"));
}

}  // namespace
}  // namespace foldperf::testing
