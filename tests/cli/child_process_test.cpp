#include "cli/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace foldperf::cli {
namespace {

TEST(ShellLine, IsReadBackAsTheSameWords) {
  EXPECT_EQ(shell_line({"python", "train.py", "--lr=1e-3"}), "python train.py --lr=1e-3");
  EXPECT_EQ(shell_line({"sh", "-c", "echo \"$HOME\""}), "sh -c 'echo \"$HOME\"'");
  EXPECT_EQ(shell_line({"it's", ""}), "'it'\\''s' ''");
}

TEST(RunInForeground, TellsHowTheCommandEnded) {
  EXPECT_EQ(run_in_foreground(SignalsHeld(), {"true"}, {}).exit_code(), 0);
  EXPECT_EQ(run_in_foreground(SignalsHeld(), {"sh", "-c", "exit 42"}, {}).exit_code(), 42);
  EXPECT_EQ(run_in_foreground(SignalsHeld(), {"sh", "-c", "kill -TERM $$"}, {}).exit_code(), 128 + 15);
  const ChildResult missing = run_in_foreground(SignalsHeld(), {"no-such-command-here"}, {});
  EXPECT_FALSE(missing.started);
  EXPECT_EQ(missing.exit_code(), 127);
  EXPECT_EQ(run_in_foreground(SignalsHeld(), {"/etc/passwd"}, {}).exit_code(), 126);
}

TEST(RunInForeground, SetsTheEnvironment) {
  EXPECT_EQ(run_in_foreground(SignalsHeld(), {"sh", "-c", "test \"$FOLDPERF_TEST_VARIABLE\" = value"},
                              {{"FOLDPERF_TEST_VARIABLE", "value"}})
                .exit_code(),
            0);
}

// A second Ctrl-C comes when the command has ended and its run is being written.
TEST(SignalsHeld, EndFoldperfNeitherWhileTheCommandRunsNorAfter) {
  const auto second_interrupt = [](int signal) {
    const SignalsHeld signals;
    run_in_foreground(signals, {"true"}, {});
    raise(signal);
    _exit(0);
  };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    EXPECT_EXIT(second_interrupt(signal), ::testing::ExitedWithCode(0),
                signal == SIGUSR1 ? "" : "the run database is being written");
  }
  EXPECT_EXIT(second_interrupt(SIGQUIT), ::testing::KilledBySignal(SIGQUIT), "");
  // And that is all over with the object.
  EXPECT_EXIT(
      {
        { const SignalsHeld signals; }
        raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace foldperf::cli
