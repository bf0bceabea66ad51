// foldperf profile: runs a command with the collector in it, then makes one run database of what its processes wrote.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/child_process.hpp"
#include "cli/context.hpp"
#include "cli/programs.hpp"
#include "cli/run_folder.hpp"
#include "core/analysis/step_finder.hpp"
#include "core/database/merger.hpp"
#include "core/error.hpp"

namespace foldperf::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string output;
  std::string name;
  std::string merge_folder;
  std::string collect = "nvtx";
  std::string step_range;
  bool overwrite = false;
  std::vector<std::string> command;
};

std::int64_t utc_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// "1 event", "2 events", "2 processes".
std::string counted(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : noun.back() == 's' ? "es" : "s");
}

// Absolute, in a folder that exists, and not there yet unless it may be overwritten.
std::string checked_output(const Arguments& arguments) {
  std::error_code error;
  const fs::path output = fs::absolute(arguments.output).lexically_normal();
  if (!output.has_filename() || fs::is_directory(output, error)) {
    throw UsageError("-o " + arguments.output + " is a folder: give the name of the run database, such as run.db");
  }
  if (!fs::is_directory(output.parent_path(), error)) {
    throw SystemError("the folder " + output.parent_path().string() +
                      " for the run database does not exist: make it first");
  }
  if (fs::exists(output, error) && !arguments.overwrite) {
    throw UsageError(arguments.output + " exists: choose another name, or add --overwrite");
  }
  return output.string();
}

// Another tool in the same place would be silently put out of work, or put us out of work.
void check_injection(const std::string& collector) {
  const char* present = std::getenv("NVTX_INJECTION64_PATH");
  if (present == nullptr || *present == '\0' || collector == present) return;
  throw UsageError(std::string("NVTX_INJECTION64_PATH is set to ") + present +
                   ": another profiler is in its place. Unset it to profile with foldperf");
}

void print_line(const std::string& line) { std::fprintf(stderr, "foldperf: %s\n", line.c_str()); }

// The file's name and what is wrong with it, whether or not the problem names the whole path already.
std::string problem_of(const database::MergedFile& file) {
  const std::string prefix = file.path + ": ";
  const bool named = file.problem.compare(0, prefix.size(), prefix) == 0;
  return fs::path(file.path).filename().string() + ": " + (named ? file.problem.substr(prefix.size()) : file.problem);
}

std::string merge_command(const RunFolder& folder, const std::string& shown_output) {
  return "foldperf profile --merge " + shell_line({folder.path()}) + " -o " + shell_line({shown_output});
}

// Removes the folder where nothing in it is of use any more; else says why it stays.
void clean_up(const RunFolder& folder, const std::string& shown_output, const database::MergeReport& report,
              bool command_ended) {
  if (!folder.made_by_profile()) return;  // a person's own
  std::vector<std::string> files;
  std::int64_t unused = 0;
  std::int64_t alive = 0;
  for (const auto& file : report.files) {
    files.push_back(file.path);
    if (!file.used) ++unused;
    if (file.finished || !file.used) continue;
    // A command that has ended has taken its processes on other machines with it.
    const Writer writer = writer_of(file.path);
    if (writer == Writer::runs || (writer == Writer::elsewhere && !command_ended)) ++alive;
  }
  if (alive != 0) {
    print_line("kept " + folder.path() + ": " + counted(alive, "process") +
               " may still write there; to have that too, merge again later: " + merge_command(folder, shown_output) +
               " --overwrite");
  } else if (unused != 0) {
    print_line("kept " + folder.path() + ", where " + counted(unused, "file") + " could not be read");
  } else {
    folder.remove(files);
  }
}

void tell(const std::string& shown_output, const database::MergeReport& report, const database::RunInfo& run) {
  std::int64_t used = 0;
  for (const auto& file : report.files) {
    if (!file.problem.empty()) print_line(problem_of(file));
    if (file.used) ++used;
  }
  const std::string how_to_read = "read it with: foldperf report " + shell_line({shown_output});
  if (report.events == 0) {
    std::string why = "NVTX was called, but no range or mark was kept";
    if (used == 0 && run.exit_code.value_or(0) != 0) {
      why = "the command ended with exit code " + std::to_string(*run.exit_code) + " before it left a record";
    } else if (used == 0) {
      why =
          "no process of the command left a record: none called NVTX (docs/facts.md says how a program can; "
          "foldperf-train and torch.cuda.nvtx do), or none could create its file (is there room, was it run as another "
          "user or in a container?)";
    }
    print_line("nothing was recorded in " + shown_output + ": " + why + "; " + how_to_read);
  } else {
    print_line("recorded " + counted(report.events, "event") + " of " + counted(used, "process") + " in " +
               shown_output + "; " + how_to_read);
  }
}

// A run without its steps is a run all the same.
void find_steps(const std::string& output, const std::string& step_range) {
  try {
    analysis::find_steps(output, {step_range});
  } catch (const Error& error) {
    print_line(std::string("the run's steps were not looked for: ") + error.what());
  }
}

// Merges and tells. Where the run database could not be written, the folder stays.
ExitCode merge(const RunFolder& folder, const std::string& output, const std::string& shown_output,
               const database::RunInfo& run, const std::string& step_range) {
  try {
    const auto report = database::merge_process_files(database::process_files(folder.path()), output, run);
    find_steps(output, step_range);
    tell(shown_output, report, run);
    clean_up(folder, shown_output, report, run.end_utc_ns.has_value());
    return ExitCode::success;
  } catch (const Error& error) {
    print_line(error.what());
    print_line("what was recorded is kept; try again with: " + merge_command(folder, shown_output));
    return error.code();
  }
}

int profile(const Arguments& arguments) {
  if (arguments.collect != "nvtx") {
    throw UsageError("--collect " + arguments.collect + " is not known: nvtx is what can be collected");
  }
  const std::string output = checked_output(arguments);
  const auto collector = find_collector();
  if (!collector) {
    throw SystemError("libfoldperf_collector.so was not found beside " + program_folder() +
                      "/foldperf nor in ../lib: build or install it (ninja foldperf_collector)");
  }
  check_injection(*collector);

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
    result = run_in_foreground(signals, arguments.command,
                               {{"NVTX_INJECTION64_PATH", *collector},
                                {"FOLDPERF_OUTPUT_DIR", folder.path()},
                                {"FOLDPERF_RUN_ID", fs::path(folder.path()).filename().string()},
                                {"FOLDPERF_COLLECT", arguments.collect}});
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
  const bool merged = merge(folder, output, arguments.output, run, arguments.step_range) == ExitCode::success;
  // The command's own failure is what a script looks for first.
  if (result.exit_code() != 0) return result.exit_code();
  return static_cast<int>(merged ? ExitCode::success : ExitCode::system);
}

int merge_left_over(const Arguments& arguments) {
  const std::string output = checked_output(arguments);
  const RunFolder folder = RunFolder::open(arguments.merge_folder);
  if (!folder.made_by_profile() && database::process_files(folder.path()).empty()) {
    throw InputError(arguments.merge_folder, "holds no recording of foldperf profile (no run.json, no *.foldperf)");
  }
  const SignalsHeld signals;
  signals.unblock();
  return static_cast<int>(merge(folder, output, arguments.output, folder.load(), arguments.step_range));
}

int run(const Arguments& arguments) {
  if (arguments.output.empty()) throw UsageError("-o RUN.db is missing: where shall the run database be written?");
  if (!arguments.merge_folder.empty()) {
    if (!arguments.command.empty()) throw UsageError("--merge takes no command");
    return merge_left_over(arguments);
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
  sub->add_flag("--overwrite", arguments->overwrite, "Replace the run database if it exists");
  sub->add_option("--collect", arguments->collect, "What to record: nvtx")->type_name("LIST");
  sub->add_option("--step-range", arguments->step_range, "NVTX range that spans a step; * stands for any text")
      ->type_name("NAME");
  sub->add_option("--merge", arguments->merge_folder, "Make a run database of what a killed profile left")
      ->type_name(folder_type);
  sub->footer(
      "\nThe command stands behind --.\n"
      "\nExample:\n"
      "  foldperf profile -o run.db -- python train.py --epochs 1\n"
      "  foldperf profile --merge run.db.part-a1B2c3 -o run.db\n"
      "\nExits with the command's exit code; 128 + signal if it was killed; 127 if it was not found, 126 if it\n"
      "could not be started.");
  sub->callback([&context, sub, arguments] {
    arguments->command = sub->remaining();
    // Behind the command's name "--" is the command's own.
    if (!arguments->command.empty() && context.has_dashes) arguments->command.emplace_back("--");
    arguments->command.insert(arguments->command.end(), context.after_dashes.begin(), context.after_dashes.end());
    context.run = [arguments] { return run(*arguments); };
  });
}

}  // namespace foldperf::cli
