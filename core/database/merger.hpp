// Makes one run database of the files that the processes of a run left, whole or killed.
//
// Ids that joins use (correlationId, rangeId, communicator, string ids) are made unique over the run, the raw id kept
// beside; pids that two hosts share are told apart in globalTid and globalPid; times are brought to the run's clock.
// A damaged file gives what can be read of it. The output appears whole or not at all (temporary name, then rename).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace foldperf::database {

// The row of `runs`. start_utc_ns 0: the earliest start of a process. state: "finished" or "killed".
struct RunInfo {
  std::string name;
  std::string command;
  std::string working_directory;
  std::int64_t start_utc_ns = 0;
  std::optional<std::int64_t> end_utc_ns;
  std::optional<int> exit_code;
  std::string state = "finished";
  std::string foldperf_version;
};

struct MergedFile {
  std::string path;
  int rank = 0;
  bool used = false;      // something of it is in the run
  bool empty = false;     // the process was killed while it made the file: nothing is lost in it
  bool finished = false;  // false: the process left no end (killed)
  std::string problem;    // what could not be read, in one line; empty: nothing
};

struct MergeReport {
  std::vector<MergedFile> files;
  std::map<std::string, std::int64_t> rows;  // by table: what the processes' records became
  std::int64_t events = 0;                   // of these: NVTX events, CUDA's activities and collectives
  std::int64_t samples = 0;                  // and of the host, the GPUs and their counters
  std::vector<std::string> notes;            // what the run lacks, a line each: collectors, lost records
};

struct MergeOptions {
  bool redact = false;  // hosts become host1, host2; commands go, and paths in texts keep their last part
};

// Files named *.foldperf in `folder`, sorted: what a run's processes wrote.
std::vector<std::string> process_files(const std::string& folder);

// Throws SystemError where the output cannot be written (nothing of it remains), InputError when `files` is not empty
// and none can be read. No file at all gives a run without events (the program loaded no collector), and so do files
// whose processes were killed while they made them.
// The input files stay.
MergeReport merge_process_files(const std::vector<std::string>& files, const std::string& output, const RunInfo& run,
                                const MergeOptions& options = {});

}  // namespace foldperf::database
