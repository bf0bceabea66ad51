// A command run in the foreground, as a shell would: same terminal, same standard streams, signals passed on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace foldperf::cli {

struct ChildResult {
  bool started = false;
  int start_error = 0;  // errno of exec, where it did not start
  bool signalled = false;
  int signal = 0;
  int exit_status = 0;
  // As a shell tells it: the command's own code, 128 + signal, 127 not found, 126 found and not to be started.
  [[nodiscard]] int exit_code() const;
};

// Runs `command` (found through PATH) with `environment` set beside this process' own, and waits for its end.
//
// What a person types at the terminal (Ctrl-C, Ctrl-\, a closed terminal) reaches the command directly, since it is in
// this process' group: it is not passed on a second time. Signals that another process sends to this one (SIGINT,
// SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2) are. The command starts with the dispositions this process started with.
// Throws SystemError where no process can be made.
ChildResult run_in_foreground(const std::vector<std::string>& command,
                              const std::vector<std::pair<std::string, std::string>>& environment);

// The command as one line that a shell would read back as the same words.
std::string shell_line(const std::vector<std::string>& command);

}  // namespace foldperf::cli
