// foldperf profile: runs a command with the collector in it, then makes one run database of what its processes wrote.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/child_process.hpp"
#include "cli/context.hpp"
#include "cli/control_command.hpp"
#include "cli/profile_environment.hpp"
#include "cli/programs.hpp"
#include "cli/run_folder.hpp"
#include "cli/run_writing.hpp"
#include "core/error.hpp"

namespace foldperf::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string output;
  std::string name;
  std::string merge_folder;
  ProfileOptions options;
  std::string step_range;
  bool redact = false;
  bool overwrite = false;
  std::vector<std::string> command;
};

std::int64_t utc_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The processes' files in the local folder, if there is one.
std::vector<std::string> local_files(const Arguments& arguments) {
  const std::string& folder = arguments.options.local_folder;
  return folder.empty() ? std::vector<std::string>() : database::process_files(folder);
}

// A process that was killed left its file where it wrote.
void tell_left_files(const Arguments& arguments, const std::vector<std::string>& before) {
  for (const std::string& file : local_files(arguments)) {
    if (std::find(before.begin(), before.end(), file) != before.end()) continue;
    print_line(file + " stays: its process was killed, still runs, or found no room at the end; it is not in " +
               arguments.output + ", and can be read by: foldperf merge " + shell_line({file}) + " -o OTHER.db");
  }
}

int profile(const Arguments& arguments) {
  check_profile_options(arguments.options);
  const std::string output = checked_output(arguments.output, arguments.overwrite);
  const auto collector = find_collector();
  if (!collector) {
    throw SystemError("libfoldperf_collector.so was not found beside " + program_folder() +
                      "/foldperf nor in ../lib: build or install it (ninja foldperf_collector)");
  }
  std::string left_out;
  profile_environment(arguments.options, *collector, "", left_out);  // refuses before anything is made
  if (!left_out.empty()) print_line(left_out);

  const std::vector<std::string> before = local_files(arguments);
  const RunFolder folder = RunFolder::create(output);
  const SignalsHeld signals;  // until the run is written
  database::RunInfo run;
  ChildResult result;
  try {
    run.name = arguments.name.empty() ? fs::path(output).stem().string() : arguments.name;
    run.command = shell_line(arguments.command);
    std::error_code error;
    run.working_directory = fs::current_path(error).string();
    run.foldperf_version = FOLDPERF_VERSION;
    run.start_utc_ns = utc_now_ns();
    folder.save(run);
    const auto variables = profile_environment(arguments.options, *collector, folder.path(), left_out);
    result = run_in_foreground(signals, arguments.command, {variables.begin(), variables.end()});
  } catch (...) {
    folder.remove({});
    throw;
  }
  if (!result.started) {
    folder.remove({});
    print_line("could not start " + arguments.command.front() + ": " + std::strerror(result.start_error));
    return result.exit_code();
  }
  run.end_utc_ns = utc_now_ns();
  run.exit_code = result.exit_code();
  run.state = result.signalled ? "killed" : "finished";
  const bool merged =
      write_run(folder, output, arguments.output, run, {arguments.step_range, arguments.redact}) == ExitCode::success;
  tell_left_files(arguments, before);
  // The command's own failure is what a script looks for first.
  if (result.exit_code() != 0) return result.exit_code();
  return static_cast<int>(merged ? ExitCode::success : ExitCode::system);
}

int run(const Arguments& arguments) {
  if (arguments.output.empty()) throw UsageError("-o RUN.db is missing: where shall the run database be written?");
  if (!arguments.merge_folder.empty()) {
    if (!arguments.command.empty()) throw UsageError("--merge takes no command");
    return merge_folder(arguments.merge_folder, arguments.output, arguments.overwrite,
                        {arguments.step_range, arguments.redact});
  }
  if (arguments.command.empty()) {
    throw UsageError("what shall be profiled? foldperf profile -o RUN.db -- COMMAND...");
  }
  return profile(arguments);
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("profile", "Run a command and record what it does");
  sub->prefix_command();
  sub->add_option("-o,--output", arguments->output, "The run database to write")->type_name(file_type);
  sub->add_option("--name", arguments->name, "Name of the run (default: that of the file)")->type_name("NAME");
  sub->add_flag("--overwrite,--force", arguments->overwrite, "Replace the run database if it exists");
  sub->add_option("--level", arguments->options.level, "How much: light, kernels (default), full")->type_name("LEVEL");
  sub->add_option("--graphs", arguments->options.graphs, "CUDA graphs by node (default) or as a whole (graph)")
      ->type_name("MODE");
  sub->add_option("--collect", arguments->options.collect, "Of nvtx,cupti,nccl,host,gpu (default: all)")
      ->type_name("LIST");
  sub->add_option("--step-range", arguments->step_range, "NVTX range that spans a step; * stands for any text")
      ->type_name("NAME");
  sub->add_option("--steps", arguments->options.steps, "Record only steps from A on and before B")->type_name("A:B");
  sub->add_option("--after", arguments->options.after, "Record only when so many seconds have passed")
      ->type_name("SECONDS");
  sub->add_option("--for", arguments->options.for_seconds, "Record only for so many seconds")->type_name("SECONDS");
  sub->add_option("--range", arguments->options.range, "Record only while an NVTX range of this name is open")
      ->type_name("NAME");
  sub->add_flag("--paused", arguments->options.paused, "Record nothing until foldperf profile start");
  sub->add_option("--local-dir", arguments->options.local_folder,
                  "Write into this folder of each machine until a process ends, then into the run's")
      ->type_name(folder_type);
  sub->add_option("--last", arguments->options.last, "Keep only the last so many seconds")->type_name("SECONDS");
  sub->add_option("--counters", arguments->options.metrics, "Sample counters of the GPUs (=LIST: these metrics)")
      ->expected(0, 1)
      ->type_name("LIST");
  sub->add_flag("--redact", arguments->redact, "Take names of machines, commands and paths out");
  sub->add_option("--merge", arguments->merge_folder, "Make a run database of what a killed profile left")
      ->type_name(folder_type);
  sub->footer(
      "\nThe command stands behind --.\n"
      "\nExample:\n"
      "  foldperf profile -o run.db -- python train.py --epochs 1\n"
      "  foldperf profile --merge run.db.part-a1B2c3 -o run.db\n"
      "  foldperf profile stop run.db        of a run that goes on; also: start, status\n"
      "\nExits with the command's exit code; 128 + signal if it was killed; 127 if it was not found, 126 if it\n"
      "could not be started.");
  sub->callback([&context, sub, arguments] {
    arguments->options.counters = sub->count("--counters") > 0;
    arguments->options.step_range = arguments->step_range;
    arguments->command = sub->remaining();
    if (arguments->output.empty() && !context.has_dashes && is_control(arguments->command)) {
      context.run = [arguments] { return control(arguments->command); };
      return;
    }
    // Behind the command's name "--" is the command's own.
    if (!arguments->command.empty() && context.has_dashes) arguments->command.emplace_back("--");
    arguments->command.insert(arguments->command.end(), context.after_dashes.begin(), context.after_dashes.end());
    context.run = [arguments] { return run(*arguments); };
  });
}

}  // namespace foldperf::cli
