// What `foldperf profile` tells the collector by the environment of the command that it runs.
#pragma once

#include <map>
#include <string>

namespace foldperf::cli {

struct ProfileOptions {
  std::string collect = "nvtx,cupti,nccl,host,gpu";
  std::string level = "kernels";  // light, kernels, full
  std::string graphs = "node";    // node, graph
  // When: empty is always. At most one of steps, after and for_seconds, range, paused.
  std::string steps, step_range, after, for_seconds, range;
  bool paused = false;       // not before `foldperf profile start`
  std::string local_folder;  // where processes write until they end; empty: into the run's folder at once
  std::string last;          // seconds
  bool counters = false;
  std::string metrics;  // of the counters, comma-separated; empty: the usual ones
};

// Throws UsageError that names what is not known, and what is.
void check_profile_options(const ProfileOptions& options);

// The three doors by which the collector comes into a process (NVTX, CUDA, NCCL), and what it shall do there.
// Throws UsageError where another tool is in the place of NVTX's or CUDA's door: it would silently be put out of work,
// or put us out of work. NCCL's plugin of another is left to them: `left_out` says so then.
std::map<std::string, std::string> profile_environment(const ProfileOptions& options, const std::string& collector,
                                                       const std::string& folder, std::string& left_out);

}  // namespace foldperf::cli
