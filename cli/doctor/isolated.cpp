#include "cli/doctor/isolated.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace foldperf::cli::doctor {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t longest_text = std::size_t{1} << 20;

void silence(int descriptor) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) dup2(null, descriptor);
}

// Reads until the child closes its end. False: too late or too much.
bool read_all(int descriptor, Clock::time_point deadline, std::string& text) {
  char buffer[4096];
  while (text.size() < longest_text) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{descriptor, POLLIN, 0};
    const int ready = left <= 0 ? 0 : poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t got = read(descriptor, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return false;
}

// `in_child` never returns.
Outcome run_child(const std::function<void(int)>& in_child, std::chrono::seconds timeout) {
  Outcome outcome;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    outcome.problem = std::strerror(errno);
    return outcome;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    silence(STDIN_FILENO);
    silence(STDERR_FILENO);
    in_child(ends[1]);
    _exit(1);
  }
  close(ends[1]);
  if (pid < 0) {
    outcome.problem = std::strerror(errno);
    close(ends[0]);
    return outcome;
  }
  const bool in_time = read_all(ends[0], Clock::now() + timeout, outcome.text);
  close(ends[0]);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    outcome.problem = "did not answer within " + std::to_string(timeout.count()) + " s";
  } else if (WIFSIGNALED(status)) {
    outcome.problem = "crashed (signal " + std::to_string(WTERMSIG(status)) + ")";
  } else if (WEXITSTATUS(status) != 0) {
    outcome.problem = "ended with exit code " + std::to_string(WEXITSTATUS(status));
  } else {
    outcome.ok = true;
  }
  return outcome;
}

}  // namespace

Outcome run_isolated(const std::function<std::string()>& look, std::chrono::seconds timeout) {
  return run_child(
      [&look](int out) {
        silence(STDOUT_FILENO);
        try {
          const std::string text = look();
          for (std::size_t at = 0; at < text.size();) {
            const ssize_t written = write(out, text.data() + at, text.size() - at);
            if (written <= 0) _exit(1);
            at += static_cast<std::size_t>(written);
          }
          _exit(0);  // no destructor of a strange library runs
        } catch (const std::exception&) {
          _exit(1);
        }
      },
      timeout);
}

Outcome run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                    std::chrono::seconds timeout) {
  return run_child(
      [&](int out) {
        dup2(out, STDOUT_FILENO);
        for (const std::string& setting : environment) putenv(const_cast<char*>(setting.c_str()));
        std::vector<char*> argv;
        for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        execvp(argv[0], argv.data());
        _exit(127);
      },
      timeout);
}

}  // namespace foldperf::cli::doctor
