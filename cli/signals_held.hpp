// What signals do to foldperf from before it starts a command until the command's run is written.
//
// While the command runs: what a person types at the terminal (Ctrl-C, Ctrl-\, a closed terminal) reaches the command
// directly, since it is in this process' group; it is not passed on a second time. Signals that another process sends
// to this one (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2) are.
//
// Otherwise they do no more than say that the run is being written: a second Ctrl-C must not cost the run. SIGQUIT
// (Ctrl-\) ends foldperf even then.
//
// Thread safety: none; one object at a time.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>

namespace foldperf::cli {

class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  // Signals stay blocked from construction to here, so that none is lost before the command's number is known.
  void unblock() const;

  // In the child: the dispositions and the mask that this process started with.
  void restore() const;

  // Which process is the command; 0: none any more.
  static void set_command(pid_t pid);

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  std::array<struct sigaction, signals.size()> before_{};
  sigset_t mask_before_{};
};

}  // namespace foldperf::cli
