// How `foldperf profile` and `foldperf merge` make the run database, and what they say of it on the standard error.
#pragma once

#include <string>
#include <vector>

#include "cli/run_folder.hpp"
#include "core/database/merger.hpp"
#include "core/error.hpp"

namespace foldperf::cli {

struct WritingOptions {
  std::string step_range;  // the range that is a step; empty: found
  bool redact = false;
};

void print_line(const std::string& line);

// Absolute, in a folder that exists, and not there yet unless it may be overwritten. Throws UsageError, SystemError.
std::string checked_output(const std::string& given, bool overwrite);

// Throws UsageError where what shall be written is one of the files to be read.
void check_is_no_input(const std::string& output, const std::vector<std::string>& inputs);

// Merges and tells. Where the run database could not be written, the folder stays.
ExitCode write_run(const RunFolder& folder, const std::string& output, const std::string& shown_output,
                   const database::RunInfo& run, const WritingOptions& options);

// A folder that a killed profile left, or a person's own; or files of processes, which stay. Gives the exit code.
int merge_folder(const std::string& path, const std::string& shown_output, bool overwrite,
                 const WritingOptions& options);
int merge_files(const std::vector<std::string>& files, const std::string& shown_output, bool overwrite,
                const WritingOptions& options);

}  // namespace foldperf::cli
