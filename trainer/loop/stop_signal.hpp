// Ctrl-C asks the loop to stop after the step under way; a second Ctrl-C, at least a second later, ends the program as
// usual.
#pragma once

namespace foldperf::trainer {

// Catches SIGINT and SIGTERM while it lives. One at a time in a process.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  [[nodiscard]] static bool requested();
};

}  // namespace foldperf::trainer
