// The foldperf command as a person meets it: help, errors, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/process.hpp"

namespace foldperf::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

ProcessResult foldperf(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), program("foldperf"));
  return run_process(arguments, options);
}

// One line on the standard error, of a given exit code.
void expect_error(const ProcessResult& result, int exit_code, const std::string& text) {
  EXPECT_EQ(result.exit_code, exit_code) << result.errors;
  EXPECT_THAT(result.errors, AllOf(StartsWith("foldperf: "), HasSubstr(text)));
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
}

TEST(CommandLine, TellsItsVersion) {
  const auto result = foldperf({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, StartsWith("foldperf "));
}

TEST(CommandLine, LoadsNeitherTorchNorCudaNorQt) {
  const auto result = run_process({"ldd", program("foldperf")});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  for (const char* name : {"torch", "libc10", "cuda", "cupti", "nccl", "Qt"})
    EXPECT_THAT(result.output, Not(HasSubstr(name)));
}

TEST(CommandLine, HelpOfEachCommandHasAnExample) {
  EXPECT_THAT(foldperf({"--help"}).output, AllOf(HasSubstr("Example"), HasSubstr("Exit codes")));
  for (const char* command : {"profile", "report", "doctor", "completion"}) {
    const auto result = foldperf({command, "--help"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.output, AllOf(HasSubstr("Example"), HasSubstr("foldperf " + std::string(command)))) << command;
  }
}

TEST(CommandLine, SuggestsWhatWasMeant) {
  expect_error(foldperf({"profil"}), 2, "did you mean profile?");
  expect_error(foldperf({"report", "--formt", "json", "x.db"}), 2, "did you mean --format?");
  expect_error(foldperf({"--verison"}), 2, "did you mean --version?");
}

TEST(CommandLine, RefusesWrongUsage) {
  EXPECT_EQ(foldperf({}).exit_code, 2);
  expect_error(foldperf({"report"}), 2, "run");
  expect_error(foldperf({"report", "--format", "xml", "x.db"}), 2, "xml");
  expect_error(foldperf({"report", "a.db", "b.db"}), 2, "b.db");
  expect_error(foldperf({"doctor", "--", "x"}), 2, "--");
  expect_error(foldperf({"profile", "--", "true"}), 2, "-o");
  expect_error(foldperf({"profile", "-o", "x.db"}), 2, "COMMAND");
  expect_error(foldperf({"profile", "-o", "x.db", "--collect", "magic", "--", "true"}), 2, "magic");
  expect_error(foldperf({"completion", "tcsh"}), 2, "tcsh");
}

TEST(CommandLine, NamesABadRunDatabase) {
  const TemporaryFolder folder;
  expect_error(foldperf({"report", (folder / "none.db").string()}), 3, "none.db");
  std::ofstream(folder / "text.db") << "this is no database, although it is long enough to have been one";
  expect_error(foldperf({"report", (folder / "text.db").string()}), 3, "text.db");
}

TEST(CommandLine, ReportDoesNotOverwriteItsRun) {
  const TemporaryFolder folder;
  const auto run = foldperf({"profile", "-o", (folder / "run.db").string(), "--", "true"});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  std::filesystem::create_symlink("run.db", folder / "link.db");
  const std::string before = read_file(folder / "run.db");
  for (const char* name : {"run.db", "link.db"}) {
    expect_error(foldperf({"report", (folder / "run.db").string(), "-o", (folder / name).string()}), 2,
                 "is the run database itself");
  }
  EXPECT_EQ(read_file(folder / "run.db"), before);
}

TEST(Train, BecomesFoldperfTrain) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "bin");
  std::filesystem::copy_file(program("foldperf"), folder / "bin/foldperf");
  std::filesystem::create_directory(folder / "libexec");
  {
    std::ofstream script(folder / "libexec/foldperf-train");
    script << "#!/bin/sh\necho \"trainer: $*\"\nexit 9\n";
  }
  std::filesystem::permissions(folder / "libexec/foldperf-train", std::filesystem::perms::owner_all);
  const auto result = run_process({(folder / "bin/foldperf").string(), "train", "--help", "--", "a b"});
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_EQ(result.output, "trainer: --help -- a b\n");
}

TEST(Train, SaysWhereItLookedForTheTrainer) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(program("foldperf"), folder / "foldperf");
  ProcessOptions options;
  options.environment["PATH"] = "/nowhere";
  expect_error(run_process({(folder / "foldperf").string(), "train"}, options), 4, "foldperf-train was found neither");
}

TEST(Completion, WorksInBash) {
  const std::string script = "source <(" + program("foldperf") +
                             " completion bash); "
                             "complete_words() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); "
                             "_foldperf; echo \"${COMPREPLY[*]}\"; }; "
                             "complete_words foldperf pro; complete_words foldperf report --format ''; complete_words "
                             "foldperf profile --over; "
                             "complete_words foldperf completion z";
  const auto result = run_process({"bash", "-c", script});
  EXPECT_EQ(result.errors, "");
  EXPECT_EQ(result.output, "profile\ntext json html\n--overwrite\nzsh\n");
}

TEST(Completion, InBashKeepsNamesWholeThatHaveSpacesOrStars) {
  const TemporaryFolder folder;
  for (const char* name : {"my run.db", "s*r.db", "star.db"}) folder.write(name, "");
  const std::string script = "source <(" + program("foldperf") +
                             " completion bash); "
                             "complete_words() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); "
                             "_foldperf; printf '[%s]\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort | tr -d '\\n'; echo; }; "
                             "complete_words foldperf profile -o 'm'; complete_words foldperf profile -o s; "
                             "complete_words foldperf report m; complete_words foldperf profile -- cat m";
  ProcessOptions options;
  options.working_directory = folder.path();
  const auto result = run_process({"bash", "-c", script}, options);
  EXPECT_EQ(result.errors, "");
  EXPECT_EQ(result.output, "[my run.db]\n[s*r.db][star.db]\n[my run.db]\n[my run.db]\n");
}

}  // namespace
}  // namespace foldperf::testing
