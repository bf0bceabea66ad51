// foldperf train: becomes foldperf-train, which reads its own command line.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/context.hpp"
#include "cli/programs.hpp"
#include "core/error.hpp"

namespace foldperf::cli {

void exec_train(const std::vector<std::string>& arguments) {
  const auto program = find_program("foldperf-train");
  if (!program) {
    throw SystemError("foldperf-train was found neither in " + program_folder() +
                      " nor in PATH: build it (ninja foldperf-train), or put its folder into PATH");
  }
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(program->c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(program->c_str(), argv.data());
  throw SystemError("could not start " + *program + ": " + std::strerror(errno));
}

void add_train(CLI::App& app, Context&) {
  // Only for the list of commands and completion: run_application sees `train` first.
  CLI::App* train = app.add_subcommand("train", "Train OpenFold (all arguments go to foldperf-train)");
  train->prefix_command();
  train->footer("\nExample:\n  foldperf train --help");
}

}  // namespace foldperf::cli
