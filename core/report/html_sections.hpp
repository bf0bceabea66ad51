// The sections of the HTML report; each writes itself into the page and says so where there is nothing to show.
#pragma once

#include "core/analysis/analysis.hpp"
#include "core/report/html_page.hpp"

namespace foldperf::report {

void add_run_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_step_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_module_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_operator_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_kernel_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_wait_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_data_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_metric_section(HtmlPage& page, const analysis::RunAnalysis& run);
void add_other_range_section(HtmlPage& page, const analysis::RunAnalysis& run);

// Table cells that show a unit and sort by the number.
HtmlTable::Cell duration_cell(double ns);
HtmlTable::Cell count_cell(std::int64_t count);
HtmlTable::Cell share_cell(double fraction);

}  // namespace foldperf::report
