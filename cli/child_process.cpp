#include "cli/child_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/error.hpp"

namespace foldperf::cli {

int ChildResult::exit_code() const {
  if (!started) return start_error == ENOENT ? 127 : 126;
  return signalled ? 128 + signal : exit_status;
}

ChildResult run_in_foreground(const SignalsHeld& signals, const std::vector<std::string>& command,
                              const std::vector<std::pair<std::string, std::string>>& environment) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);

  // Closes by itself when exec succeeds; else it carries the reason.
  int start_pipe[2];
  if (pipe2(start_pipe, O_CLOEXEC) != 0)
    throw SystemError(std::string("could not make a pipe: ") + std::strerror(errno));

  ChildResult result;
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
  SignalsHeld::set_command(pid);
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
  SignalsHeld::set_command(0);
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
