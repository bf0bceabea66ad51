// Steps of a program that does not say where they begin: the repeating pattern of what it runs on the GPU.
//
// Where neighbours (this kernel behind that one, on one stream) come equally often, the trace is cut behind one of
// them, each time it comes. A cut is good where the pieces hold the same runs of four kernels. Pieces may have a few
// shapes that alternate, and work of another kind (evaluation) between them; a piece that is only a part of another
// shape is a layer or a micro-batch, no step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foldperf::analysis {

struct PatternEvent {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::uint32_t symbol = 0;  // what runs: a kernel by its name, a graph, a collective by operation
  std::uint32_t stream = 0;  // order counts within a stream only
  bool whole = false;        // a graph's replay or a collective: may be the only one of its step
};

struct PatternStep {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

struct StepPattern {
  std::vector<PatternStep> steps;  // ascending, apart from one another
  double confidence = 0;           // how much of the pieces is as expected, 0 to 1
};

// Below this, what was found is not to be called steps.
inline constexpr double pattern_confidence_limit = 0.7;

// Of one rank's events in order of their starts; no steps where no pattern came at least four times. Time: linear,
// 0.07 to 0.13 s a million events (step_pattern_bench, docs/performance.md).
StepPattern find_step_pattern(const std::vector<PatternEvent>& events);

}  // namespace foldperf::analysis
