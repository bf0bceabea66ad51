#include "cli/run_writing.hpp"

#include <cstdio>
#include <filesystem>

#include "cli/child_process.hpp"
#include "cli/signals_held.hpp"
#include "core/analysis/clock_fit.hpp"
#include "core/analysis/inherited_stacks.hpp"
#include "core/analysis/run_summaries.hpp"
#include "core/analysis/step_finder.hpp"

namespace foldperf::cli {

namespace fs = std::filesystem;

// Absolute, in a folder that exists, and not there yet unless it may be overwritten.
std::string checked_output(const std::string& given, bool overwrite) {
  std::error_code error;
  const fs::path output = fs::absolute(given).lexically_normal();
  if (!output.has_filename() || fs::is_directory(output, error)) {
    throw UsageError("-o " + given + " is a folder: give the name of the run database, such as run.db");
  }
  if (!fs::is_directory(output.parent_path(), error)) {
    throw SystemError("the folder " + output.parent_path().string() +
                      " for the run database does not exist: make it first");
  }
  if (fs::exists(output, error) && !overwrite) {
    throw UsageError(given + " exists: choose another name, or add --overwrite");
  }
  return output.string();
}

void check_is_no_input(const std::string& output, const std::vector<std::string>& inputs) {
  std::error_code error;
  for (const std::string& input : inputs) {
    if (fs::equivalent(output, input, error)) {
      throw UsageError("-o " + output + " is a file that shall be read: give another name");
    }
  }
}

void print_line(const std::string& line) { std::fprintf(stderr, "foldperf: %s\n", line.c_str()); }

namespace {

// "1 event", "2 events", "2 processes".
std::string counted(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : noun.back() == 's' ? "es" : "s");
}

// The file's name and what is wrong with it, whether or not the problem names the whole path already.
std::string problem_of(const database::MergedFile& file) {
  const std::string prefix = file.path + ": ";
  const bool named = file.problem.compare(0, prefix.size(), prefix) == 0;
  return fs::path(file.path).filename().string() + ": " + (named ? file.problem.substr(prefix.size()) : file.problem);
}

std::string merge_command(const RunFolder& folder, const std::string& shown_output) {
  return "foldperf merge " + shell_line({folder.path()}) + " -o " + shell_line({shown_output});
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
    if (!file.used && !file.empty) ++unused;
    if (file.finished || (!file.used && !file.empty)) continue;
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
  if (report.events == 0 && report.samples == 0) {
    std::string why = "the collector was loaded, but no event was kept";
    if (used == 0 && run.exit_code.value_or(0) != 0) {
      why = "the command ended with exit code " + std::to_string(*run.exit_code) +
            " before it left a record, or could not create its file (is there room, was it run as another user or in a "
            "container?)";
    } else if (used == 0) {
      why =
          "no process of the command left a record: none called NVTX, CUDA or NCCL (docs/facts.md says how a program "
          "can; "
          "foldperf-train and torch.cuda.nvtx do), or none could create its file (is there room, was it run as another "
          "user or in a container?)";
    }
    print_line("nothing was recorded in " + shown_output + ": " + why + "; " + how_to_read);
  } else {
    print_line("recorded " + counted(report.events, "event") + " of " + counted(used, "process") + " in " +
               shown_output + "; " + how_to_read);
    std::string tables;
    for (const auto& [table, rows] : report.rows) {
      if (rows > 0) tables += (tables.empty() ? "" : ", ") + table + " " + std::to_string(rows);
    }
    print_line("rows: " + tables);
  }
  for (const std::string& note : report.notes) print_line(note);
}

// A run with unaligned clocks, without its steps, or without its summaries, is a run all the same.
void complete(const std::string& output, const std::string& step_range, database::MergeReport& report) {
  try {
    const auto notes = analysis::fit_clocks(output);
    report.notes.insert(report.notes.end(), notes.begin(), notes.end());
  } catch (const Error& error) {
    print_line(std::string("the machines' clocks were not aligned: ") + error.what());
  }
  try {
    analysis::find_steps(output, {step_range});
  } catch (const Error& error) {
    print_line(std::string("the run's steps were not looked for: ") + error.what());
  }
  try {
    analysis::inherit_stacks(output);
  } catch (const Error& error) {
    print_line(std::string("ranges of the thread that captured a graph were not looked for: ") + error.what());
  }
  try {
    analysis::summarize_run(output);
  } catch (const Error& error) {
    print_line(std::string("the run has no summaries: ") + error.what());
  }
}

}  // namespace

// Merges and tells. Where the run database could not be written, the folder stays.
ExitCode write_run(const RunFolder& folder, const std::string& output, const std::string& shown_output,
                   const database::RunInfo& run, const WritingOptions& options) {
  try {
    auto report = database::merge_process_files(database::process_files(folder.path()), output, run, {options.redact});
    complete(output, options.step_range, report);
    tell(shown_output, report, run);
    clean_up(folder, shown_output, report, run.end_utc_ns.has_value());
    return ExitCode::success;
  } catch (const Error& error) {
    print_line(error.what());
    print_line("what was recorded is kept; try again with: " + merge_command(folder, shown_output));
    return error.code();
  }
}

int merge_folder(const std::string& path, const std::string& shown_output, bool overwrite,
                 const WritingOptions& options) {
  const std::string output = checked_output(shown_output, overwrite);
  const RunFolder folder = RunFolder::open(path);
  if (!folder.made_by_profile() && database::process_files(folder.path()).empty()) {
    throw InputError(path, "holds no recording of foldperf profile (no run.json, no *.foldperf)");
  }
  const SignalsHeld signals;
  signals.unblock();
  return static_cast<int>(write_run(folder, output, shown_output, folder.load(), options));
}

int merge_files(const std::vector<std::string>& files, const std::string& shown_output, bool overwrite,
                const WritingOptions& options) {
  const std::string output = checked_output(shown_output, overwrite);
  check_is_no_input(shown_output, files);
  const SignalsHeld signals;
  signals.unblock();
  database::RunInfo run;
  run.name = fs::path(output).stem().string();
  auto report = database::merge_process_files(files, output, run, {options.redact});
  complete(output, options.step_range, report);
  tell(shown_output, report, run);
  return static_cast<int>(ExitCode::success);
}

}  // namespace foldperf::cli
