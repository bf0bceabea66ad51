// Everything a report says about a run, from its database. Each part is a pure function in a header of its own.
#pragma once

#include <cstddef>

#include "core/analysis/call_tree.hpp"
#include "core/analysis/data_wait.hpp"
#include "core/analysis/kernel_time.hpp"
#include "core/analysis/metrics.hpp"
#include "core/analysis/modules.hpp"
#include "core/analysis/operators.hpp"
#include "core/analysis/phases.hpp"
#include "core/analysis/ranges.hpp"
#include "core/analysis/run_facts.hpp"
#include "core/analysis/steps.hpp"
#include "core/database/reader.hpp"
#include "core/imbalance/imbalance.hpp"

namespace foldperf::analysis {

struct RunAnalysis {
  RunFacts facts;
  std::size_t range_count = 0;
  std::size_t unclosed_ranges = 0;  // the program ended inside them
  StepAnalysis steps;
  PhaseAnalysis phases;
  ModuleAnalysis modules;
  OperatorAnalysis operators;
  DataAnalysis data;
  MetricAnalysis metrics;
  KernelAnalysis kernels;
  imbalance::Imbalance imbalance;
  CallTree other_ranges;  // ranges that do not follow foldperf's convention
};

// The NVTX ranges of the run, classified by the convention. Memory: about 40 bytes a range.
RangeSet load_ranges(const database::RunReader& reader);

RunAnalysis analyze(const database::RunReader& reader);

}  // namespace foldperf::analysis
