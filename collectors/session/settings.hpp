// What the environment tells the collector (docs/collectors.md lists the variables for users).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "collectors/session/recording_plan.hpp"

namespace foldperf::collectors {

// light: what costs next to nothing (NVTX, NCCL, host). kernels: with what the GPUs do. full: with every call of CUDA's
// APIs, memory and events.
enum class Level { light, kernels, full };
// How launches of CUDA graphs are recorded: each of their kernels, or each launch as a whole.
enum class GraphMode { node, graph };

struct Settings {
  std::string output_folder;           // FOLDPERF_OUTPUT_DIR, absolute
  std::string local_folder;            // FOLDPERF_LOCAL_DIR, absolute: where the file lies until its process ends
  std::string run_id;                  // FOLDPERF_RUN_ID, may be empty
  Level level = Level::kernels;        // FOLDPERF_LEVEL
  GraphMode graphs = GraphMode::node;  // FOLDPERF_GRAPHS
  // FOLDPERF_COLLECT names them
  bool nvtx = true;
  bool cupti = true;
  bool nccl = true;
  bool host = true;
  bool gpu = true;
  PlanSettings plan;                 // FOLDPERF_STEPS, _STEP_RANGE, _AFTER, _FOR, _RANGE
  bool counters = false;             // FOLDPERF_COUNTERS: set
  std::vector<std::string> metrics;  // ... to these names; none: the usual ones
  std::string problem;               // what of these was not understood, for `collectors`; empty: nothing
  std::size_t buffer_bytes = std::size_t{4} << 20;  // FOLDPERF_BUFFER_BYTES: ring of each thread
};

// nullopt where nothing is to be collected: no output folder is named.
std::optional<Settings> read_settings();

const char* name_of(Level level);
const char* name_of(GraphMode mode);

// Whether a comma-separated list holds a word; an absent or empty list holds every word.
bool list_names(const char* list, const char* word);

}  // namespace foldperf::collectors
