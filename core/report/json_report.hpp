// The report for programs: one JSON object, keys documented in docs/report.md.
#pragma once

#include <string>

#include "core/analysis/analysis.hpp"

namespace foldperf::report {

// Raised when a key changes its meaning or goes; new keys do not raise it.
inline constexpr int json_version = 1;

std::string render_json(const analysis::RunAnalysis& run);

}  // namespace foldperf::report
