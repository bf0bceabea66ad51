#include "cli/signals_held.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

namespace foldperf::cli {
namespace {

std::atomic<pid_t> command_pid{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

void on_signal(int signal, siginfo_t* info, void*) {
  const int kept = errno;
  const pid_t pid = command_pid.load();
  if (pid > 0) {
    // The kernel's own signals come from the terminal and went to the whole group.
    if (info->si_code <= 0) kill(pid, signal);
  } else if (signal == SIGQUIT) {
    ::signal(SIGQUIT, SIG_DFL);
    raise(SIGQUIT);  // delivered on return
  } else if (signal != SIGUSR1 && signal != SIGUSR2) {
    constexpr std::string_view text = "foldperf: the run database is being written (Ctrl-\\ stops that)\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  }
  errno = kept;
}

}  // namespace

SignalsHeld::SignalsHeld() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  sigprocmask(SIG_BLOCK, &blocked, &mask_before_);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], nullptr, &before_[i]);
    // nohup and the like: what was ignored stays ignored, here and in the command.
    if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, nullptr);
  }
}

SignalsHeld::~SignalsHeld() { restore(); }

void SignalsHeld::unblock() const { sigprocmask(SIG_SETMASK, &mask_before_, nullptr); }

void SignalsHeld::restore() const {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
  unblock();
}

void SignalsHeld::set_command(pid_t pid) { command_pid.store(pid); }

}  // namespace foldperf::cli
