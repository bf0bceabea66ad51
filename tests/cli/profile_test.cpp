// foldperf profile: the command's exit code, output and signals go through; a run database is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/database/reader.hpp"
#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string nvtx_program = FOLDPERF_NVTX_PROGRAM;

class Profile : public ::testing::Test {
 protected:
  std::vector<std::string> command(const std::vector<std::string>& words,
                                   const std::vector<std::string>& options = {}) {
    std::vector<std::string> all{program("foldperf"), "profile", "-o", run_db()};
    all.insert(all.end(), options.begin(), options.end());
    all.emplace_back("--");
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  [[nodiscard]] std::string run_db() const { return (folder / "run.db").string(); }
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  // Waits until the profiled program has told that it is under way (a file that it makes).
  static void wait_for(const fs::path& path) {
    for (int i = 0; i < 600 && !fs::exists(path); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(fs::exists(path)) << path;
  }

  TemporaryFolder folder;
};

TEST_F(Profile, RecordsARunAndLeavesNothingElse) {
  const auto result = run_process(command({nvtx_program, "exit"}, {"--name", "my run"}));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "to stdout\n");
  EXPECT_THAT(result.errors, AllOf(HasSubstr("to stderr\n"), HasSubstr("foldperf: recorded 2 events of 1 process"),
                                   HasSubstr("foldperf report")));
  EXPECT_THAT(left(), ::testing::ElementsAre("run.db"));
  const database::RunReader reader(run_db());
  const auto run = reader.run();
  EXPECT_EQ(run.name, "my run");
  EXPECT_EQ(run.command, nvtx_program + " exit");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.state, "finished");
  ASSERT_EQ(reader.ranks().size(), 1u);
  EXPECT_EQ(reader.ranks()[0].rank, 0);  // the only process of a run without ranks
}

TEST_F(Profile, MergesAllProcesses) {
  const auto result =
      run_process(command({"sh", "-c", nvtx_program + " mark one & " + nvtx_program + " mark two; wait"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("2 events of 2 processes"));
  EXPECT_EQ(database::RunReader(run_db()).ranks().size(), 2u);
}

TEST_F(Profile, ReportReadsWhatItWrote) {
  run_process(command({nvtx_program, "all_calls"}));
  const auto report = run_process({program("foldperf"), "report", run_db()});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_THAT(report.output, HasSubstr("outer 0"));
  const auto html =
      run_process({program("foldperf"), "report", run_db(), "--format", "html", "-o", (folder / "r.html").string()});
  EXPECT_EQ(html.exit_code, 0) << html.errors;
  EXPECT_EQ(html.output, "");
  EXPECT_THAT(read_file(folder / "r.html"), HasSubstr("<html"));
  const auto nowhere =
      run_process({program("foldperf"), "report", run_db(), "-o", (folder / "no/such/r.txt").string()});
  EXPECT_EQ(nowhere.exit_code, 4);
}

TEST_F(Profile, OfACommandWithoutEventsSaysSo) {
  const auto result = run_process(command({"sh", "-c", "exit 5"}));
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("nothing was recorded"), HasSubstr("exit code 5")));
  const database::RunReader reader(run_db());
  EXPECT_EQ(reader.run().exit_code, 5);
  EXPECT_EQ(reader.run().command, "sh -c 'exit 5'");
  EXPECT_EQ(reader.count("NVTX_EVENTS"), 0);
}

TEST_F(Profile, OfACommandThatDoesNotExist) {
  const auto missing = run_process(command({"no-such-command-here", "x"}));
  EXPECT_EQ(missing.exit_code, 127);
  EXPECT_THAT(missing.errors, HasSubstr("no-such-command-here"));
  EXPECT_EQ(run_process(command({"/etc/passwd"})).exit_code, 126);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Profile, OfACommandThatIsKilled) {
  const auto result = run_process(command({"sh", "-c", nvtx_program + " mark x; kill -9 $$"}));
  EXPECT_EQ(result.exit_code, 128 + 9);
  const auto run = database::RunReader(run_db()).run();
  EXPECT_EQ(run.exit_code, 128 + 9);
  EXPECT_EQ(run.state, "killed");
}

TEST_F(Profile, KeepsAnExistingFileUnlessToldOtherwise) {
  std::ofstream(run_db()) << "precious";
  const auto refused = run_process(command({"true"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("--overwrite"));
  EXPECT_EQ(read_file(run_db()), "precious");
  EXPECT_EQ(run_process(command({"true"}, {"--overwrite"})).exit_code, 0);
  EXPECT_EQ(database::RunReader(run_db()).run().state, "finished");
}

TEST_F(Profile, RefusesAPlaceThatIsNone) {
  const auto result =
      run_process({program("foldperf"), "profile", "-o", (folder / "no/run.db").string(), "--", "true"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.errors, HasSubstr("does not exist"));
  EXPECT_EQ(run_process({program("foldperf"), "profile", "-o", folder.path().string(), "--", "true"}).exit_code, 2);
}

TEST_F(Profile, StopsWhereAnotherProfilerIsInItsPlace) {
  ProcessOptions options;
  options.environment["NVTX_INJECTION64_PATH"] = "/opt/other/libtool.so";
  const auto result = run_process(command({"true"}), options);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("/opt/other/libtool.so"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Profile, CtrlCReachesTheCommandOnceAndTheRunIsKept) {
  const std::string script =
      nvtx_program + " mark begun; n=0; trap 'n=$((n+1))' INT; touch " + (folder / "ready").string() +
      "; while [ $n = 0 ]; do sleep 0.05; done; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.05; done; "
      "echo \"$n interrupt\"; exit 7";
  const auto words = command({"bash", "-c", script});
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  // A terminal of its own: what is typed there becomes a signal to all that runs in it.
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    execv(argv[0], argv.data());
    _exit(127);
  }
  wait_for(folder / "ready");
  ASSERT_EQ(write(terminal, "\x03", 1), 1);
  std::string shown;
  char buffer[1024];
  for (ssize_t got = 0; (got = read(terminal, buffer, sizeof(buffer))) > 0;)
    shown.append(buffer, static_cast<std::size_t>(got));
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  close(terminal);
  ASSERT_TRUE(WIFEXITED(status)) << shown;
  EXPECT_EQ(WEXITSTATUS(status), 7) << shown;
  EXPECT_THAT(shown, HasSubstr("1 interrupt"));
  EXPECT_THAT(shown, HasSubstr("foldperf: recorded 1 event"));
  EXPECT_EQ(database::RunReader(run_db()).run().exit_code, 7);
}

TEST_F(Profile, PassesOnSignalsThatAreSentToItAlone) {
  const std::string script =
      "trap 'echo terminated; exit 8' TERM; touch " + (folder / "ready").string() + "; while true; do sleep 0.05; done";
  BackgroundProcess process(command({"bash", "-c", script}));
  wait_for(folder / "ready");
  kill(process.pid(), SIGTERM);
  const auto result = process.wait();
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_EQ(result.output, "terminated\n");
  EXPECT_EQ(database::RunReader(run_db()).run().exit_code, 8);
}

TEST_F(Profile, MergesWhatAKilledProfileLeft) {
  const std::string script = nvtx_program + " mark kept; touch " + (folder / "ready").string() + "; sleep 60";
  {
    BackgroundProcess process(command({"bash", "-c", script}, {"--name", "unlucky"}));
    wait_for(folder / "ready");
    kill(process.pid(), SIGKILL);
    EXPECT_EQ(process.wait().exit_code, 128 + SIGKILL);
    process.signal_group(SIGKILL);
  }
  fs::remove(folder / "ready");
  const auto names = left();
  ASSERT_EQ(names.size(), 1u);
  EXPECT_THAT(names[0], HasSubstr("run.db.part-"));
  std::ofstream(folder / names[0] / "notes.txt") << "not ours";
  const auto result =
      run_process({program("foldperf"), "profile", "--merge", (folder / names[0]).string(), "-o", run_db()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const database::RunReader reader(run_db());
  EXPECT_EQ(reader.run().name, "unlucky");
  EXPECT_EQ(reader.run().state, "killed");
  EXPECT_EQ(reader.count("NVTX_EVENTS"), 1);
  // What a person has put there stays.
  EXPECT_EQ(read_file(folder / names[0] / "notes.txt"), "not ours");
}

TEST_F(Profile, MergesNothingButRecordings) {
  const auto no_folder =
      run_process({program("foldperf"), "profile", "--merge", (folder / "none").string(), "-o", run_db()});
  EXPECT_EQ(no_folder.exit_code, 3);
  std::ofstream(folder / "a.txt") << "x";
  const auto other = run_process({program("foldperf"), "profile", "--merge", folder.path().string(), "-o", run_db()});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(left(), ::testing::ElementsAre("a.txt"));
}

}  // namespace
}  // namespace foldperf::testing
