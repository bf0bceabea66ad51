// Where a step's time goes: data wait, forward, loss, backward, clip, optimiser, EMA, evaluation, and the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/ranges.hpp"
#include "core/analysis/statistics.hpp"
#include "core/analysis/steps.hpp"
#include "core/analysis/timeline.hpp"

namespace foldperf::analysis {

inline constexpr const char* rest_of_step = "rest of step";
// Of names outside the convention, those of most time stay apart; a program that numbers its phases ("forward 123")
// would otherwise have a table of steps times names.
inline constexpr const char* other_phases = "other phases";
inline constexpr std::size_t other_phases_kept = 32;

struct PhaseTime {
  std::string phase;
  std::int64_t count = 0;        // ranges
  std::int64_t in_steps_ns = 0;  // self time inside steps: the phases and the rest sum to the steps' total
  std::int64_t outside_ns = 0;   // self time between steps, or where the program names no steps
  Summary per_step_ns;           // over complete steps, 0 where a step has none of the phase
};

struct RecyclingPass {
  std::int64_t pass = 0;
  std::int64_t count = 0;
  std::int64_t total_ns = 0;
};

struct PhaseAnalysis {
  // In the order of a step; names outside the convention after those, `other_phases` where there are too many; the rest
  // last.
  std::vector<PhaseTime> phases;
  std::size_t pooled = 0;  // names that are in other_phases
  std::int64_t steps_total_ns = 0;
  std::vector<std::vector<std::int64_t>> per_step;  // [index into StepAnalysis::steps][index into phases] ns
  std::vector<RecyclingPass> recycling;             // by pass number
};

// Phases count on the threads that run steps (on every thread of a rank that has no steps), so that a phase named by a
// helper thread cannot make a step longer than it was.
PhaseAnalysis analyze_phases(const RangeSet& set, const StepAnalysis& steps);

// Innermost phase at each moment; labels index RangeSet::names.
RankTimelines phase_timelines(const RangeSet& set);

}  // namespace foldperf::analysis
