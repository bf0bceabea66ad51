// Time by operator on the host ("aten::addmm"): on a machine without GPU these are the kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/ranges.hpp"
#include "core/analysis/timeline.hpp"

namespace foldperf::analysis {

struct OperatorTime {
  std::string name;
  std::int64_t count = 0;
  std::int64_t total_ns = 0;       // with the operators inside; an operator inside one of the same name counts once
  std::int64_t self_ns = 0;        // without the operators inside, on all threads: by_phase and background sum to it
  std::int64_t forward_ns = 0;     // self time in the phases forward and loss
  std::int64_t backward_ns = 0;    // ... in backward
  std::int64_t other_ns = 0;       // ... elsewhere on threads that run steps, phases or modules
  std::int64_t background_ns = 0;  // ... on other threads (data loading), beside the step
  std::int64_t in_steps_ns = 0;    // part of forward, backward and other that lies inside steps: the share of the step
};

struct OperatorAnalysis {
  std::vector<OperatorTime> operators;  // by self time, largest first
  std::int64_t self_ns = 0;
};

OperatorAnalysis analyze_operators(const RangeSet& set, const RankTimelines& phases, const RankTimelines& steps);

}  // namespace foldperf::analysis
