// What the subcommands share while the command line is read. Each lies in a file of its own, adds itself to the
// application, and sets `run` where it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace foldperf::cli {

struct Context {
  std::vector<std::string> after_dashes;  // the arguments behind "--"
  bool has_dashes = false;
  std::function<int()> run;  // the chosen subcommand; its result is the exit code
};

void add_train(CLI::App& app, Context& context);
void add_profile(CLI::App& app, Context& context);
void add_merge(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

// Replaces this process by foldperf-train. Returns only by throwing Error.
[[noreturn]] void exec_train(const std::vector<std::string>& arguments);

// An option whose value is the name of a file: completion scripts offer files. A flag of CLI11 for this does not exist.
inline constexpr const char* file_type = "FILE";
inline constexpr const char* folder_type = "FOLDER";

}  // namespace foldperf::cli
