// The report as one self-contained HTML page with pictures.
#pragma once

#include <string>

#include "core/analysis/analysis.hpp"

namespace foldperf::report {

std::string render_html(const analysis::RunAnalysis& run);

}  // namespace foldperf::report
