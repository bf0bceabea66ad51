// How long the training steps took.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/ranges.hpp"
#include "core/analysis/statistics.hpp"
#include "core/analysis/timeline.hpp"

namespace foldperf::analysis {

struct Step {
  int rank = 0;
  std::int64_t number = 0;  // as the program gave it; counted from 0 where it gave none
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::optional<std::int64_t> samples;
  bool complete = true;  // false: the program ended inside the step
  [[nodiscard]] std::int64_t duration() const { return end - start; }
};

// Over complete steps. The first of a rank is a warm-up (allocation, compilation, first touch) and stands apart, unless
// it is the only one.
struct StepStatistics {
  std::optional<int> rank;  // empty: all ranks together
  Summary duration_ns;
  std::optional<std::int64_t> first_ns;  // where it stands apart
  double steps_per_s = 0;               // steps counted over the wall time from the first one's start to the last's end
  std::optional<double> samples_per_s;  // where every counted step said how many samples it had
};

struct StepAnalysis {
  std::vector<Step> steps;  // by rank, then start
  StepStatistics all;       // steps_per_s: mean of the ranks', which run in step
  std::vector<StepStatistics> by_rank;
  std::int64_t total_ns = 0;  // all steps of all ranks, incomplete ones too: what shares of the step refer to
  std::size_t incomplete = 0;
  std::string source;     // "fact": ranges of the convention; as in step_ranges: "nvtx", "pattern"; empty: no steps
  double confidence = 1;  // of "pattern": the least of the ranks'
};

// Steps that the merge found in a program that does not follow the convention (step_ranges).
struct FoundSteps {
  std::vector<Step> steps;
  std::string source;
  double confidence = 1;
};

// samples[{rank, step number}], from the step facts.
using StepSamples = std::map<std::pair<int, std::int64_t>, std::int64_t>;

// `found` is used where no range is a step.
StepAnalysis analyze_steps(const RangeSet& set, const StepSamples& samples = {}, const FoundSteps& found = {});

// Labels are indices into StepAnalysis::steps.
RankTimelines step_timelines(const StepAnalysis& steps);

}  // namespace foldperf::analysis
