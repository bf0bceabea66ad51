// The report for terminals.
#pragma once

#include <string>

#include "core/analysis/analysis.hpp"
#include "core/report/report.hpp"

namespace foldperf::report {

std::string render_text(const analysis::RunAnalysis& run, const Options& options);

}  // namespace foldperf::report
