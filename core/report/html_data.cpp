// HTML: data wait and batch preparation.
#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

void add_bin_figure(HtmlPage& page, const std::string& caption, const std::string& unit,
                    const std::vector<analysis::BatchBin>& bins, bool preparation) {
  std::vector<Bar> bars;
  for (const analysis::BatchBin& bin : bins) {
    const analysis::Summary& time = preparation ? bin.preparation_ns : bin.wait_ns;
    Bar& bar = bars.emplace_back();
    bar.label = bin_label(bin) + (bin.from > 0 ? " " + unit : "");
    if (bin.from == 1 && bin.to == 1) bar.label.pop_back();  // "1 row"
    bar.parts.push_back({time.median, preparation ? "c3" : "c8",
                         bar.label + ": median " + format_duration(time.median) + ", p90 " + format_duration(time.p90) +
                             ", " + format_count(static_cast<std::int64_t>(time.count)) + " batches"});
    bar.marker = time.p90;
    bar.value_label = format_duration(time.median) + " · p90 " + format_duration(time.p90);
  }
  page.figure_markup(caption, {},
                     bar_chart(caption, bars, "time a batch (bar: median, tick: p90)", format_tick_duration, 444));
}

HtmlTable bin_table(const std::string& column, const std::vector<analysis::BatchBin>& bins) {
  HtmlTable table({{column, false, {}},
                   {"batches", true, {}},
                   {"wait median", true, "how long the training thread waited for a batch"},
                   {"wait p90", true, {}},
                   {"wait total", true, {}},
                   {"preparation median", true, "all stages of preparing a batch, on the loader's threads"},
                   {"preparation p90", true, {}}});
  for (const analysis::BatchBin& bin : bins) {
    table.add_row({HtmlTable::Cell(bin_label(bin), static_cast<double>(bin.from)),
                   count_cell(static_cast<std::int64_t>(bin.wait_ns.count)), duration_cell(bin.wait_ns.median),
                   duration_cell(bin.wait_ns.p90), duration_cell(bin.wait_ns.sum),
                   duration_cell(bin.preparation_ns.median), duration_cell(bin.preparation_ns.p90)});
  }
  return table;
}

}  // namespace

void add_data_section(HtmlPage& page, const analysis::RunAnalysis& run) {
  page.open_section("data", "Data wait");
  if (run.data.wait_ns.count == 0) {
    page.paragraph(no_batches);
    return page.close_section();
  }
  page.open_grid();
  add_bin_figure(page, "Wait by sequence length", "residues", run.data.by_length, false);
  add_bin_figure(page, "Wait by alignment depth", "rows", run.data.by_depth, false);
  add_bin_figure(page, "Preparation by sequence length", "residues", run.data.by_length, true);
  add_bin_figure(page, "Preparation by alignment depth", "rows", run.data.by_depth, true);
  page.close_grid();
  page.table(bin_table("residues", run.data.by_length));
  page.table(bin_table("alignment rows", run.data.by_depth));
  if (!run.data.stages.empty()) {
    page.subheading("Preparation by stage");
    HtmlTable table(
        {{"stage", false, {}}, {"batches", true, {}}, {"median", true, {}}, {"p90", true, {}}, {"total", true, {}}});
    for (const analysis::PreparationStage& stage : run.data.stages) {
      table.add_row({stage.stage, count_cell(static_cast<std::int64_t>(stage.ns.count)), duration_cell(stage.ns.median),
                     duration_cell(stage.ns.p90), duration_cell(stage.ns.sum)});
    }
    page.table(table);
  }
  page.close_section();
}

}  // namespace foldperf::report
