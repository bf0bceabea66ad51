// A command run in the foreground, as a shell would: same terminal, same standard streams, signals passed on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/signals_held.hpp"

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
// `signals`, just made, are passed on to it; it starts with the dispositions that this process started with. Throws
// SystemError where no process can be made.
ChildResult run_in_foreground(const SignalsHeld& signals, const std::vector<std::string>& command,
                              const std::vector<std::pair<std::string, std::string>>& environment);

// The command as one line that a shell would read back as the same words.
std::string shell_line(const std::vector<std::string>& command);

}  // namespace foldperf::cli
