#include "cli/child_process.hpp"

#include <gtest/gtest.h>

namespace foldperf::cli {
namespace {

TEST(ShellLine, IsReadBackAsTheSameWords) {
  EXPECT_EQ(shell_line({"python", "train.py", "--lr=1e-3"}), "python train.py --lr=1e-3");
  EXPECT_EQ(shell_line({"sh", "-c", "echo \"$HOME\""}), "sh -c 'echo \"$HOME\"'");
  EXPECT_EQ(shell_line({"it's", ""}), "'it'\\''s' ''");
}

TEST(RunInForeground, TellsHowTheCommandEnded) {
  EXPECT_EQ(run_in_foreground({"true"}, {}).exit_code(), 0);
  EXPECT_EQ(run_in_foreground({"sh", "-c", "exit 42"}, {}).exit_code(), 42);
  EXPECT_EQ(run_in_foreground({"sh", "-c", "kill -TERM $$"}, {}).exit_code(), 128 + 15);
  const ChildResult missing = run_in_foreground({"no-such-command-here"}, {});
  EXPECT_FALSE(missing.started);
  EXPECT_EQ(missing.exit_code(), 127);
  EXPECT_EQ(run_in_foreground({"/etc/passwd"}, {}).exit_code(), 126);
}

TEST(RunInForeground, SetsTheEnvironment) {
  EXPECT_EQ(
      run_in_foreground({"sh", "-c", "test \"$FOLDPERF_TEST_VARIABLE\" = value"}, {{"FOLDPERF_TEST_VARIABLE", "value"}})
          .exit_code(),
      0);
}

}  // namespace
}  // namespace foldperf::cli
