// HTML: GPU time by module and by kernel.
#include <algorithm>

#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::KernelTime;

constexpr std::size_t most_bars = 12;

HtmlTable time_table(const std::string& column, const char* unnamed, const std::vector<KernelTime>& times) {
  HtmlTable table({{column, false, {}},
                   {"kernels", true, "how many ran"},
                   {"total", true, "kernels that ran at once count each"},
                   {"share", true, "of all kernels' time"},
                   {"mean", true, "of one kernel"}});
  for (const KernelTime& time : times) {
    table.add_row({time.name.empty() ? unnamed : time.name, count_cell(time.count), duration_cell(time.total_ns),
                   share_cell(time.share), duration_cell(share(time.total_ns, static_cast<double>(time.count)))});
  }
  return table;
}

void add_module_bars(HtmlPage& page, const std::vector<KernelTime>& modules) {
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < std::min(modules.size(), most_bars); ++i) {
    const KernelTime& module = modules[i];
    Bar& bar = bars.emplace_back();
    bar.label = module.name.empty() ? "(no range known)" : module.name;
    bar.parts.push_back(
        {module.total_ns, "c1",
         bar.label + ": " + format_duration(module.total_ns) + ", " + format_count(module.count) + " kernels"});
    bar.value_label = format_duration(module.total_ns) + " · " + format_percent(module.share);
  }
  page.figure_markup("GPU time by module", {}, bar_chart("GPU time by module", bars, "GPU time", format_tick_duration));
}

}  // namespace

void add_kernel_section(HtmlPage& page, const analysis::RunAnalysis& run) {
  if (run.kernels.kernels.empty()) return;
  page.open_section("gpu", "GPU time");
  if (!run.kernels.modules.empty()) {
    add_module_bars(page, run.kernels.modules);
    page.note(module_kernels);
    page.table(time_table("module", "(no range known)", run.kernels.modules));
    page.subheading("By kernel");
  }
  page.table(time_table("kernel", "(no name)", run.kernels.kernels));
  page.close_section();
}

}  // namespace foldperf::report
