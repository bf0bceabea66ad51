#include "cli/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/error.hpp"

namespace foldperf::cli {
namespace {

constexpr std::array passed_on{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

std::atomic<pid_t> child_pid{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

// The kernel's own signals come from the terminal and went to the whole group.
void pass_on(int signal, siginfo_t* info, void*) {
  const int kept = errno;
  const pid_t pid = child_pid.load();
  if (pid > 0 && info->si_code <= 0) kill(pid, signal);
  errno = kept;
}

// Handlers of this process while the command runs. Signals stay blocked from construction to unblock(), so that none is
// lost before the child's number is known.
class SignalsPassedOn {
 public:
  SignalsPassedOn() {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : passed_on) sigaddset(&blocked, signal);
    sigprocmask(SIG_BLOCK, &blocked, &mask_before_);
    struct sigaction action {};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < passed_on.size(); ++i) {
      sigaction(passed_on[i], nullptr, &before_[i]);
      // nohup and the like: what was ignored stays ignored, here and in the command.
      if (before_[i].sa_handler != SIG_IGN) sigaction(passed_on[i], &action, nullptr);
    }
  }
  ~SignalsPassedOn() { restore(); }
  SignalsPassedOn(const SignalsPassedOn&) = delete;
  SignalsPassedOn& operator=(const SignalsPassedOn&) = delete;

  void unblock() { sigprocmask(SIG_SETMASK, &mask_before_, nullptr); }
  void restore() {
    for (std::size_t i = 0; i < passed_on.size(); ++i) sigaction(passed_on[i], &before_[i], nullptr);
    unblock();
  }

 private:
  std::array<struct sigaction, passed_on.size()> before_{};
  sigset_t mask_before_{};
};

}  // namespace

int ChildResult::exit_code() const {
  if (!started) return start_error == ENOENT ? 127 : 126;
  return signalled ? 128 + signal : exit_status;
}

ChildResult run_in_foreground(const std::vector<std::string>& command,
                              const std::vector<std::pair<std::string, std::string>>& environment) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);

  // Closes by itself when exec succeeds; else it carries the reason.
  int start_pipe[2];
  if (pipe2(start_pipe, O_CLOEXEC) != 0)
    throw SystemError(std::string("could not make a pipe: ") + std::strerror(errno));

  ChildResult result;
  SignalsPassedOn signals;
  const pid_t pid = fork();
  if (pid < 0) {
    const int error = errno;
    close(start_pipe[0]);
    close(start_pipe[1]);
    throw SystemError(std::string("could not make a process: ") + std::strerror(error));
  }
  if (pid == 0) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    signals.restore();
    execvp(argv[0], argv.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(start_pipe[1], &error, sizeof(error));
    _exit(127);
  }
  child_pid.store(pid);
  signals.unblock();
  close(start_pipe[1]);
  ssize_t got = 0;
  do {
    got = read(start_pipe[0], &result.start_error, sizeof(result.start_error));
  } while (got < 0 && errno == EINTR);
  close(start_pipe[0]);
  result.started = got == 0;

  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  child_pid.store(0);
  if (WIFSIGNALED(status)) {
    result.signalled = true;
    result.signal = WTERMSIG(status);
  } else {
    result.exit_status = WEXITSTATUS(status);
  }
  return result;
}

std::string shell_line(const std::vector<std::string>& command) {
  constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace foldperf::cli
