#include "tests/support/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace foldperf::testing {

namespace fs = std::filesystem;

namespace {

// Output goes to files, not pipes: a program that prints much must not wait for the test to read.
fs::path temporary_file() {
  std::string name = (fs::temp_directory_path() / "foldperf-test-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) throw std::runtime_error("cannot make a temporary file");
  close(descriptor);
  return name;
}

void redirect(const fs::path& path, int target) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_TRUNC);
  if (descriptor < 0 || dup2(descriptor, target) < 0) _exit(127);
  close(descriptor);
}

pid_t start(const std::vector<std::string>& command, const ProcessOptions& options, const fs::path& output,
            const fs::path& errors) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    if (!options.environment.count(text.substr(0, text.find('=')))) variables.push_back(text);
  }
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  std::vector<char*> environment, arguments;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::vector<std::string> words = command;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    setpgid(0, 0);
    redirect(output, STDOUT_FILENO);
    redirect(errors, STDERR_FILENO);
    if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) _exit(127);
    execvpe(arguments[0], arguments.data(), environment.data());
    _exit(127);
  }
  setpgid(pid, pid);
  return pid;
}

}  // namespace

BackgroundProcess::BackgroundProcess(const std::vector<std::string>& command, const ProcessOptions& options)
    : output_(temporary_file()), errors_(temporary_file()) {
  pid_ = start(command, options, output_, errors_);
}

BackgroundProcess::~BackgroundProcess() {
  if (!waited_) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove(output_, ignored);
  fs::remove(errors_, ignored);
}

void BackgroundProcess::signal_group(int signal) const { kill(-pid_, signal); }

ProcessResult BackgroundProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  waited_ = true;
  ProcessResult result;
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.output = read_file(output_);
  result.errors = read_file(errors_);
  return result;
}

ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options) {
  return BackgroundProcess(command, options).wait();
}

std::string program(const std::string& name) {
  const char* dir = std::getenv("FOLDPERF_BIN_DIR");
  if (!dir) throw std::runtime_error("FOLDPERF_BIN_DIR is not set: run the tests through ctest");
  return (fs::path(dir) / name).string();
}

}  // namespace foldperf::testing
