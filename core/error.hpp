// The exceptions that cross API borders. Every message says what was being done, to which file, line, key or rank,
// and what the reader can do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace foldperf {

// Process exit codes of every foldperf program (documented in docs/cli.md).
enum class ExitCode : int {
  success = 0,
  failure = 1,        // the work was started and failed
  usage = 2,          // command line or configuration is wrong
  bad_input = 3,      // an input file (structure, alignment, database, trace, checkpoint) is missing or damaged
  system = 4,         // the machine refused: disk full, permission, no such device
  interrupted = 130,  // stopped by Ctrl-C after finishing the step
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failure)
      : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

// Wrong command line, configuration key or value.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(message, ExitCode::usage) {}
};

// A file that a person gave is missing, truncated or not what it should be. `line` is 1-based; 0 when it has no lines.
class InputError : public Error {
 public:
  InputError(const std::string& path, std::size_t line, const std::string& message)
      : Error(located(path, line, message), ExitCode::bad_input) {}
  InputError(const std::string& path, const std::string& message) : InputError(path, 0, message) {}

 private:
  // Appends, where chained + would make g++ 12 warn of an overflow that cannot happen.
  static std::string located(const std::string& path, std::size_t line, const std::string& message) {
    std::string text = path;
    if (line != 0) text.append(":").append(std::to_string(line));
    return text.append(": ").append(message);
  }
};

// The operating system refused.
class SystemError : public Error {
 public:
  explicit SystemError(const std::string& message) : Error(message, ExitCode::system) {}
};

}  // namespace foldperf
