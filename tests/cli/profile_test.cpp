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

#include "core/database/merger.hpp"
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

  // Until the process has ended; nobody may wait for it.
  static void wait_for_end(const std::string& pid) {
    const auto runs = [&pid] {
      std::ifstream stat("/proc/" + pid + "/stat");
      std::string id, name, state;
      return static_cast<bool>(stat >> id >> name >> state) && state != "Z";
    };
    for (int i = 0; i < 600 && runs(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_FALSE(runs());
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
  EXPECT_GT(reader.count("timeline_lod"), 0);
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

TEST_F(Profile, RefusesWordsThatItDoesNotKnow) {
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--level", "loud"}, {"--graphs", "kernel"}, {"--collect", "nvtx,magic"}, {"--collect", "nvtx,"}}) {
    const auto result = run_process(command({"true"}, options));
    EXPECT_EQ(result.exit_code, 2) << options[1];
    EXPECT_THAT(result.errors, AllOf(HasSubstr(options[0]), HasSubstr("is not known")));
  }
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Profile, TellsTheCollectorWhatToRecord) {
  const auto result = run_process(command({"sh", "-c", "echo $FOLDPERF_LEVEL $FOLDPERF_GRAPHS $FOLDPERF_COLLECT"},
                                          {"--level", "full", "--graphs", "graph", "--collect", "host,nvtx"}));
  EXPECT_EQ(result.output, "full graph host,nvtx\n");
}

std::vector<std::string> texts_and_windows(const std::string& path) {
  std::vector<std::string> lines;
  const database::RunReader reader(path);
  const auto add = [&lines](const database::QueryRow& row) {
    lines.emplace_back(row.text(0));
    return true;
  };
  reader.query(
      "SELECT COALESCE(e.text,(SELECT value FROM StringIds WHERE id=e.textId)) AS t FROM NVTX_EVENTS e WHERE t<>'a "
      "step' "
      "ORDER BY start",
      {}, add);
  reader.query("SELECT 'window: ' || reason FROM windows ORDER BY start", {}, add);
  return lines;
}

TEST_F(Profile, RecordsInSomeStepsOnly) {
  const auto result = run_process(command({nvtx_program, "steps"}, {"--steps", "2:4"}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(texts_and_windows(run_db()), ::testing::ElementsAre("work 2", "after 2", "work 3", "window: steps"));
  const database::RunReader reader(run_db());
  EXPECT_EQ(reader.count("step_ranges"), 2);
  std::string inside;
  reader.query("SELECT COUNT(*) FROM NVTX_EVENTS e, windows w WHERE e.start >= w.start AND e.\"end\" <= w.\"end\"", {},
               [&](const database::QueryRow& row) {
                 inside = row.text(0);
                 return true;
               });
  EXPECT_EQ(inside, "4");  // two steps and their work; a mark has no end
}

TEST_F(Profile, RecordsStepsOfANameThatIsAskedFor) {
  run_process(command({nvtx_program, "steps"}, {"--steps", "5:", "--step-range", "work *"}));
  EXPECT_THAT(texts_and_windows(run_db()), ::testing::ElementsAre("work 5", "after 5", "window: steps"));
}

TEST_F(Profile, RecordsWhileARangeIsOpen) {
  run_process(command({nvtx_program, "steps"}, {"--range", "hot"}));
  EXPECT_THAT(texts_and_windows(run_db()),
              ::testing::ElementsAre("hot", "work 2", "after 2", "work 3", "window: range"));
}

TEST_F(Profile, SaysThatNoWindowCame) {
  run_process(command({nvtx_program, "steps"}, {"--range", "no such range"}));
  EXPECT_THAT(texts_and_windows(run_db()), IsEmpty());
  std::string detail;
  database::RunReader(run_db()).query("SELECT detail FROM collectors WHERE name='windows'", {},
                                      [&](const database::QueryRow& row) {
                                        detail = row.text(0);
                                        return true;
                                      });
  EXPECT_EQ(detail, "while a range no such range is open: none has come yet");
}

TEST_F(Profile, RecordsForATime) {
  // Six steps of 50 ms last 0.3 s at least: the last cannot lie in the first 0.2 s, nor the first after 0.1 s.
  run_process(command({nvtx_program, "steps"}, {"--for", "0.2"}));
  EXPECT_THAT(texts_and_windows(run_db()),
              AllOf(::testing::Contains("window: start"), Not(::testing::Contains("work 5"))));
  run_process(command({nvtx_program, "steps"}, {"--after", "0.1", "--overwrite"}));
  EXPECT_THAT(texts_and_windows(run_db()), AllOf(::testing::Contains("after 5"), ::testing::Contains("window: after"),
                                                 Not(::testing::Contains("before all"))));
}

TEST_F(Profile, RefusesWindowsThatItDoesNotUnderstand) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--steps", "5"},
                                             {"--steps", "5:5"},
                                             {"--after", "soon"},
                                             {"--for", "0"},
                                             {"--steps", "1:2", "--range", "x"},
                                             {"--range", "x", "--for", "1"},
                                             {"--paused", "--after", "1"},
                                             {"--range", "x", "--collect", "host"},
                                             {"--counters", "--level", "light"}}) {
    const auto result = run_process(command({"true"}, options));
    EXPECT_EQ(result.exit_code, 2) << options[0] << " " << options[1];
    EXPECT_THAT(result.errors, HasSubstr(options[0]));
  }
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Profile, SaysThatOnlyTheLastSecondsAreKept) {
  EXPECT_EQ(run_process(command({nvtx_program, "mark", "x"}, {"--last", "0"})).exit_code, 2);
  run_process(command({nvtx_program, "mark", "x"}, {"--last", "1000"}));
  EXPECT_THAT(texts_and_windows(run_db()), ::testing::ElementsAre("x", "window: last"));
}

TEST_F(Profile, WritesIntoALocalFolderUntilTheEnd) {
  const fs::path local = folder / "local";
  fs::create_directory(local);
  const auto result = run_process(command({nvtx_program, "mark", "x"}, {"--local-dir", local.string()}));
  EXPECT_THAT(result.errors, AllOf(HasSubstr("1 event of 1 process"), Not(HasSubstr("stays"))));
  EXPECT_TRUE(fs::is_empty(local));
  EXPECT_THAT(left(), ::testing::ElementsAre("local", "run.db"));
}

TEST_F(Profile, NamesTheLocalFileOfAKilledProcess) {
  const fs::path local = folder / "local";
  fs::create_directory(local);
  const auto result = run_process(command({nvtx_program, "abort"}, {"--local-dir", local.string()}));
  const auto files = database::process_files(local.string());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_THAT(result.errors, AllOf(HasSubstr(files[0] + " stays"), HasSubstr("foldperf merge " + files[0])));
  const auto merged = run_process({program("foldperf"), "merge", files[0], "-o", (folder / "left.db").string()});
  EXPECT_THAT(merged.errors, HasSubstr("1 event of 1 process"));
}

TEST_F(Profile, RefusesALocalFolderThatIsNone) {
  const auto result = run_process(command({"true"}, {"--local-dir", (folder / "none").string()}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("is not a folder"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Profile, AsksForCountersOnlyWhenTold) {
  const std::vector<std::string> show{"sh", "-c", "echo [$FOLDPERF_COUNTERS]"};
  EXPECT_EQ(run_process(command(show)).output, "[]\n");
  EXPECT_EQ(run_process(command(show, {"--counters", "--overwrite"})).output, "[default]\n");
  EXPECT_EQ(run_process(command(show, {"--counters=a.sum,b.avg", "--overwrite"})).output, "[a.sum,b.avg]\n");
}

TEST_F(Profile, RedactsAndMergesSingleFiles) {
  const auto result = run_process(command({nvtx_program, "mark", "x"}, {"--redact"}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(database::RunReader(run_db()).run().command, "");
  EXPECT_EQ(database::RunReader(run_db()).ranks().at(0).host, "host1");

  fs::create_directory(folder / "shared");
  ProcessOptions options;
  options.environment = {{"NVTX_INJECTION64_PATH", program("libfoldperf_collector.so")},
                         {"FOLDPERF_OUTPUT_DIR", (folder / "shared").string()}};
  for (int i = 0; i < 2; ++i) run_process({nvtx_program, "mark", "x"}, options);
  const auto files = database::process_files((folder / "shared").string());
  ASSERT_EQ(files.size(), 2u);
  const std::string both = (folder / "both.db").string();
  const auto merged = run_process({program("foldperf"), "merge", files[0], files[1], "-o", both});
  EXPECT_EQ(merged.exit_code, 0) << merged.errors;
  EXPECT_THAT(merged.errors, HasSubstr("2 events of 2 processes"));
  EXPECT_EQ(run_process({program("foldperf"), "merge", (folder / "shared").string(), "-o", both}).exit_code, 2);
  EXPECT_EQ(run_process({program("foldperf"), "merge", (folder / "shared").string(), "-o", both, "--force"}).exit_code,
            0);
  EXPECT_EQ(database::process_files((folder / "shared").string()), files);
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
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer holds signals back while a program waits for its child";
#endif
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

// The folder of one who started the processes by hand, some of which may still run.
TEST_F(Profile, MergesAPersonsOwnFolderAndLeavesIt) {
  fs::create_directory(folder / "shared");
  ProcessOptions options;
  options.environment = {{"NVTX_INJECTION64_PATH", program("libfoldperf_collector.so")},
                         {"FOLDPERF_OUTPUT_DIR", (folder / "shared").string()}};
  run_process({nvtx_program, "mark", "x"}, options);
  const auto files = database::process_files((folder / "shared").string());
  ASSERT_EQ(files.size(), 1u);
  const auto result =
      run_process({program("foldperf"), "profile", "--merge", (folder / "shared").string(), "-o", run_db()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(database::process_files((folder / "shared").string()), files);
}

TEST_F(Profile, KeepsTheFolderWhereAFileCannotBeRead) {
  const std::string script = nvtx_program + " mark x; echo damaged > $FOLDPERF_OUTPUT_DIR/rank1-h-1-1.foldperf";
  const auto result = run_process(command({"sh", "-c", script}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, AllOf(HasSubstr("recorded 1 event"), HasSubstr("kept "), HasSubstr("run.db.part-")));
  const auto names = left();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(read_file(folder / names[1] / "rank1-h-1-1.foldperf"), "damaged\n");
}

TEST_F(Profile, KeepsTheFolderOfAProcessThatOutlivesTheCommand) {
  const std::string go = (folder / "go").string();
  const std::string script = "(" + nvtx_program + " stay " + go + " >/dev/null 2>&1 & echo $! >" + go +
                             ".pid); while [ ! -e " + go + ".begun ]; do sleep 0.05; done";
  const auto result = run_process(command({"sh", "-c", script}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("may still write there"), HasSubstr("foldperf merge ")));
  EXPECT_EQ(database::RunReader(run_db()).count("NVTX_EVENTS"), 1);
  // Now it ends, and nothing of it is lost.
  std::ofstream(go).close();
  std::string pid = read_file(go + ".pid");
  pid.pop_back();
  wait_for_end(pid);
  std::string part;
  for (const std::string& name : left()) {
    if (name.find(".part-") != std::string::npos) part = (folder / name).string();
  }
  const auto merged = run_process({program("foldperf"), "profile", "--merge", part, "-o", run_db(), "--overwrite"});
  EXPECT_EQ(merged.exit_code, 0) << merged.errors;
  EXPECT_EQ(database::RunReader(run_db()).count("NVTX_EVENTS"), 2);
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(Profile, MergeTellsADiskThatRefusesFromAFileThatIsDamaged) {
  fs::create_directory(folder / "shared");
  std::ofstream(folder / "shared/run.json") << "{}";
  // Files of no bytes at all: as on a full disk.
  const auto full = run_process({"bash", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "bash", program("foldperf"),
                                 "profile", "--merge", (folder / "shared").string(), "-o", run_db()});
  EXPECT_EQ(full.exit_code, 4) << full.errors;
  EXPECT_TRUE(fs::exists(folder / "shared/run.json"));
  std::ofstream(folder / "shared/rank0-h-1-1.foldperf") << "damaged";
  const auto damaged =
      run_process({program("foldperf"), "profile", "--merge", (folder / "shared").string(), "-o", run_db()});
  EXPECT_EQ(damaged.exit_code, 3) << damaged.errors;
}

TEST_F(Profile, LeavesTheCommandItsOwnDashes) {
  const auto behind = run_process(command({"echo", "x", "--", "y"}));
  EXPECT_EQ(behind.output, "x -- y\n");
  const auto without =
      run_process({program("foldperf"), "profile", "--overwrite", "-o", run_db(), "echo", "x", "--", "y"});
  EXPECT_EQ(without.output, "x -- y\n");
}

TEST_F(Profile, NamesBothCausesOfAnEmptyRun) {
  const auto result = run_process(command({"true"}));
  EXPECT_THAT(result.errors, AllOf(HasSubstr("left a record"), HasSubstr("called NVTX"), HasSubstr("create its file")));
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
