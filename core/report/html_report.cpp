#include "core/report/html_report.hpp"

#include "core/facts/conventions.hpp"
#include "core/report/html_page.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::RunAnalysis;

void add_accuracy_tile(HtmlPage& page, const RunAnalysis& run) {
  for (const char* split : {"eval", "train", ""}) {
    const analysis::MetricSeries* series = run.metrics.find("lddt_ca", split);
    if (!series || series->overall.empty()) continue;
    const auto& points = series->chain_mean.empty() ? series->overall : series->chain_mean;
    page.tile(format_value(points.back().value), "last lDDT-Cα" + (*split ? " (" + std::string(split) + ")" : ""));
    return;
  }
}

void add_tiles(HtmlPage& page, const RunAnalysis& run) {
  page.open_tiles();
  page.tile(format_duration(static_cast<double>(run.facts.duration_ns)), "duration");
  if (!run.steps.steps.empty()) {
    page.tile(format_count(static_cast<std::int64_t>(run.steps.steps.size())), "steps");
    page.tile(format_duration(run.steps.all.duration_ns.median), "median step");
    if (run.steps.all.samples_per_s) {
      page.tile(format_rate(*run.steps.all.samples_per_s), "samples");
    } else if (run.steps.all.steps_per_s > 0) {
      page.tile(format_rate(run.steps.all.steps_per_s), "steps");
    }
  } else {
    page.tile(format_count(static_cast<std::int64_t>(run.range_count)), "ranges");
  }
  for (const analysis::PhaseTime& phase : run.phases.phases) {
    if (phase.phase == facts::phase::data_wait && run.phases.steps_total_ns > 0) {
      page.tile(
          format_percent(share(static_cast<double>(phase.in_steps_ns), static_cast<double>(run.phases.steps_total_ns))),
          "data wait");
    }
  }
  add_accuracy_tile(page, run);
  if (run.facts.dropped_total > 0) page.tile(format_count(run.facts.dropped_total), "records dropped");
  page.close_tiles();
}

}  // namespace

HtmlTable::Cell duration_cell(double ns) { return {format_duration(ns), ns}; }
HtmlTable::Cell count_cell(std::int64_t count) { return {format_count(count), static_cast<double>(count)}; }
HtmlTable::Cell share_cell(double fraction) { return {format_percent(fraction), fraction}; }

std::string render_html(const RunAnalysis& run) {
  HtmlPage page(title_of(run) + " – foldperf report");
  const bool command_apart = !run.facts.run.name.empty();
  page.header(title_of(run), command_apart ? run.facts.run.command : "",
              format_utc(run.facts.run.start_utc_ns) + " · " + state_sentence(run));
  add_tiles(page, run);
  add_run_section(page, run);
  const bool converted = follows_convention(run);
  if (!converted) add_other_range_section(page, run);  // the best there is comes first
  add_step_section(page, run);
  add_module_section(page, run);
  add_operator_section(page, run);
  add_kernel_section(page, run);
  add_wait_section(page, run);
  add_data_section(page, run);
  add_metric_section(page, run);
  if (converted) add_other_range_section(page, run);
  return page.finish("Made by foldperf from " + run.facts.path + ". docs/report.md says what each number means.");
}

}  // namespace foldperf::report
