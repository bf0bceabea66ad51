// However a process ends or multiplies, its files are readable, and it behaves as it would without the collector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<std::string> texts(const std::string& file) {
  return query(file, "SELECT " + event_text + " FROM NVTX_EVENTS e ORDER BY start");
}

// All texts of all files, each file's joined by ','.
std::vector<std::string> texts_by_file(const std::filesystem::path& folder) {
  std::vector<std::string> result;
  for (const std::string& file : files_in(folder)) {
    std::string line;
    for (const std::string& text : texts(file)) line += (line.empty() ? "" : ",") + text;
    result.push_back(line);
  }
  return result;
}

void expect_same_behaviour(const std::string& mode) {
  const TemporaryFolder folder;
  const auto alone = run_process({nvtx_program(), mode});
  const auto seen = run_process({nvtx_program(), mode}, watched(folder.path()));
  EXPECT_EQ(seen.exit_code, alone.exit_code) << mode;
  EXPECT_EQ(seen.output, alone.output) << mode;
  EXPECT_EQ(seen.errors, alone.errors) << mode;
}

TEST(WatchedProgram, BehavesAsAlone) {
  for (const char* mode : {"exit", "_exit", "abort", "signals", "fork", "nothing", "late", "payloads", "payload_fork"})
    expect_same_behaviour(mode);
}

TEST(WatchedProgram, IsNotDisturbedByAFolderThatCannotBeWritten) {
  const auto result = run_process({nvtx_program(), "exit"}, watched("/proc/no/such/folder"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "to stdout\n");
  EXPECT_EQ(result.errors, "to stderr\n");
}

TEST(WatchedProgram, IsNotDisturbedByAFullDisk) {
  const TemporaryFolder folder;
  // Files of at most 100 KiB: the kernel refuses what is beyond, and would send SIGXFSZ to a thread that does not block
  // it.
  const auto result =
      run_process({"bash", "-c", "ulimit -f 100; exec " + nvtx_program() + " threads"}, watched(folder.path()));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
}

TEST(WatchedProgram, WithoutEventsLeavesNoFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_process({nvtx_program(), "nothing"}, watched(folder.path())).exit_code, 0);
  EXPECT_THAT(files_in(folder.path()), IsEmpty());
  EXPECT_EQ(run_process({"true"}, watched(folder.path())).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(WatchedProgram, IsNotWatchedWithoutAFolderOrWhenNotAskedTo) {
  const TemporaryFolder folder;
  auto options = watched(folder.path());
  options.environment["FOLDPERF_COLLECT"] = "cupti";
  EXPECT_EQ(run_process({nvtx_program(), "mark", "x"}, options).exit_code, 0);
  options.environment = {{"NVTX_INJECTION64_PATH", collector_library()}};
  EXPECT_EQ(run_process({nvtx_program(), "mark", "x"}, options).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ProcessEnd, ExitKeepsEverything) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "exit"}, watched(folder.path()));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0], "SELECT " + event_text + ",\"end\" IS NULL FROM NVTX_EVENTS e ORDER BY start"),
              ElementsAre("still open|1", "before exit|1"));
  EXPECT_THAT(query(files[0], "SELECT state FROM ranks"), ElementsAre("finished"));
}

TEST(ProcessEnd, EventsOfDestructorsAreKept) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "late"}, watched(folder.path()));
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(texts(files[0]), ElementsAre("thread", "static destructor", "atexit", "static destructor"));
}

TEST(ProcessEnd, AbortAndUnderscoreExitKeepAllButTheLastSecond) {
  for (const std::string mode : {"abort", "_exit"}) {
    const TemporaryFolder folder;
    run_process({nvtx_program(), mode}, watched(folder.path()));
    const auto files = files_in(folder.path());
    ASSERT_THAT(files, SizeIs(1)) << mode;
    EXPECT_THAT(texts(files[0]), ElementsAre("before " + mode));
  }
}

TEST(ProcessEnd, KillKeepsAllButTheLastSecond) {
  const TemporaryFolder folder;
  BackgroundProcess process({nvtx_program(), "busy"}, watched(folder.path()));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  kill(process.pid(), SIGKILL);
  EXPECT_EQ(process.wait().exit_code, 128 + SIGKILL);
  const auto files = files_in(folder.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(query(files[0], "SELECT state FROM ranks"), ElementsAre("running"));
  // 2.5 s of about 900 ticks a second, less one: a tenth of that is a generous lower limit on a loaded machine.
  EXPECT_THAT(
      query(files[0], "SELECT COUNT(*)>100 FROM NVTX_EVENTS e WHERE \"end\" IS NOT NULL AND " + event_text + "='tick'"),
      ElementsAre("1"));
  const std::string merged = folder / "merged.db";
  database::merge_process_files(files, merged, {});
  EXPECT_THAT(query(merged, "SELECT COUNT(*) FROM NVTX_EVENTS e WHERE \"end\" IS NULL AND " + event_text +
                                "='open at the end'"),
              ElementsAre("1"));
  EXPECT_THAT(query(merged, "SELECT state FROM ranks"), ElementsAre("killed"));
}

TEST(ProcessEnd, KillAtAnyMomentLeavesAReadableFile) {
  for (int i = 0; i < 12; ++i) {
    const TemporaryFolder folder;
    BackgroundProcess process({nvtx_program(), "fork_storm"}, watched(folder.path()));
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + 37 * i));
    process.signal_group(SIGKILL);
    process.wait();
    const auto files = files_in(folder.path());
    if (files.empty()) continue;  // killed before its first commit
    const auto report = database::merge_process_files(files, folder / "merged.db", {});
    for (const auto& file : report.files) EXPECT_EQ(file.problem.find("damaged"), std::string::npos) << file.problem;
  }
}

TEST(Fork, EveryGenerationHasItsOwnFile) {
  const TemporaryFolder folder;
  const auto result = run_process({nvtx_program(), "fork"}, watched(folder.path()));
  EXPECT_EQ(result.output, "child ended with 7\n");
  EXPECT_THAT(texts_by_file(folder.path()), UnorderedElementsAre("parent before,parent after", "child", "grandchild"));
}

TEST(Fork, WhileOtherThreadsWriteNeverHangs) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer does not support forks of a process with several threads";
#endif
  const TemporaryFolder folder;
  const auto result = run_process({"timeout", "120", nvtx_program(), "fork_storm"}, watched(folder.path()));
  ASSERT_EQ(result.exit_code, 0) << "a child hung";  // the file of two minutes of noise is not worth reading
  EXPECT_EQ(result.output, "40 children\n");
  const auto by_file = texts_by_file(folder.path());
  EXPECT_THAT(by_file, SizeIs(41));
  EXPECT_EQ(std::count(by_file.begin(), by_file.end(), "in the child"), 40);
}

TEST(Exec, TheNewProgramHasItsOwnFile) {
  const TemporaryFolder folder;
  run_process({nvtx_program(), "exec"}, watched(folder.path()));
  EXPECT_THAT(texts_by_file(folder.path()), UnorderedElementsAre("before exec", "after exec"));
}

TEST(Exec, ChildrenOfOtherProgramsInheritTheCollector) {
  const TemporaryFolder folder;
  run_process({"sh", "-c", nvtx_program() + " mark one; " + nvtx_program() + " mark two"}, watched(folder.path()));
  EXPECT_THAT(texts_by_file(folder.path()), UnorderedElementsAre("one", "two"));
}

}  // namespace
}  // namespace foldperf::testing
