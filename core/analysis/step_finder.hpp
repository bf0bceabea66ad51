// Writes where each rank's training steps lie into the table step_ranges of a merged run, whatever the program told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/facts/step_names.hpp"

namespace foldperf::analysis {

struct FoundStep {
  std::int64_t step = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

// The steps of one rank. source: "fact" (ranges of the category `step`), "nvtx" (ranges of a name), "pattern".
struct RankSteps {
  int rank = 0;
  std::string source;
  double confidence = 1;
  std::vector<FoundStep> steps;  // by start
};

struct StepFinderOptions {
  std::string step_range;  // an NVTX range's name, `*` for any text: asked before the names of known trainers
};

using facts::known_step_names;
using facts::name_matches;

// Reads the run at `path` and replaces its step_ranges. First source that gives a rank two steps or more:
// `step` ranges of the domain foldperf, options.step_range, known_step_names(), the pattern of kernels, graphs and
// copies, that of collectives. A rank without any, or with a pattern of a confidence under 0.7, gets none.
// Throws InputError (no run database), SystemError (cannot be written).
std::vector<RankSteps> find_steps(const std::string& path, const StepFinderOptions& options = {});

}  // namespace foldperf::analysis
