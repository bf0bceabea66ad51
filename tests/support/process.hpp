// Runs programs as a person would, for tests of whole programs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/files.hpp"

namespace foldperf::testing {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal where a signal ended it
  std::string output;  // standard output
  std::string errors;  // standard error
};

struct ProcessOptions {
  std::map<std::string, std::string> environment;  // added to the test's own
  std::filesystem::path working_directory;         // empty: the test's own
};

// Waits for the program to end. Throws std::runtime_error where it cannot be started.
ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options = {});

// A program that goes on while the test does something; waited for, killed at last, in the destructor. It leads a
// process group of its own, as a shell's job does.
class BackgroundProcess {
 public:
  explicit BackgroundProcess(const std::vector<std::string>& command, const ProcessOptions& options = {});
  BackgroundProcess(const BackgroundProcess&) = delete;
  BackgroundProcess& operator=(const BackgroundProcess&) = delete;
  ~BackgroundProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  // To every process of the group, as a terminal does on Ctrl-C.
  void signal_group(int signal) const;
  ProcessResult wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path output_, errors_;
  bool waited_ = false;
};

// A program of the build under test: FOLDPERF_BIN_DIR/name.
std::string program(const std::string& name);

}  // namespace foldperf::testing
