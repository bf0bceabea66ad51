// HTML: how long steps took, and in which phase.
#include <algorithm>
#include <map>

#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::RunAnalysis;

constexpr std::size_t most_columns = 260;

double as_double(std::int64_t value) { return static_cast<double>(value); }

// A phase keeps its colour from report to report.
std::string phase_color(const std::string& phase) {
  static const std::map<std::string, std::string> colors{
      {"data_wait", "c8"}, {"forward", "c1"}, {"loss", "c4"},       {"backward", "c7"},  {"clip", "c5"},
      {"optimizer", "c3"}, {"ema", "c6"},     {"evaluation", "c2"}, {"checkpoint", "c5"}};
  const auto found = colors.find(phase);
  return found == colors.end() ? "c0" : found->second;
}

std::vector<LegendEntry> phase_legend(const RunAnalysis& run) {
  std::vector<LegendEntry> legend;
  for (const analysis::PhaseTime& phase : run.phases.phases) {
    if (phase.in_steps_ns > 0) legend.push_back({phase_label(phase.phase), phase_color(phase.phase)});
  }
  return legend;
}

// Column of the mean of steps[first, last).
Column column_of(const RunAnalysis& run, const std::vector<std::size_t>& steps, std::size_t first, std::size_t last) {
  const double count = as_double(static_cast<std::int64_t>(last - first));
  std::vector<double> sums(run.phases.phases.size(), 0);
  double total = 0;
  for (std::size_t i = first; i < last; ++i) {
    total += as_double(run.steps.steps[steps[i]].duration());
    for (std::size_t p = 0; p < sums.size(); ++p) sums[p] += as_double(run.phases.per_step[steps[i]][p]);
  }
  Column column;
  const std::int64_t from = run.steps.steps[steps[first]].number;
  const std::int64_t to = run.steps.steps[steps[last - 1]].number;
  column.tooltip = (from == to ? "step " + std::to_string(from)
                               : "steps " + std::to_string(from) + " to " + std::to_string(to) + ", mean") +
                   ": " + format_duration(total / count);
  for (std::size_t p = 0; p < sums.size(); ++p) {
    if (sums[p] <= 0) continue;
    column.parts.push_back({sums[p] / count, phase_color(run.phases.phases[p].phase), {}});
    column.tooltip += "; " + phase_label(run.phases.phases[p].phase) + " " + format_duration(sums[p] / count);
  }
  return column;
}

void add_strip(HtmlPage& page, const RunAnalysis& run) {
  const int rank = run.steps.steps.front().rank;
  std::vector<std::size_t> steps;
  for (std::size_t i = 0; i < run.steps.steps.size(); ++i) {
    if (run.steps.steps[i].rank == rank) steps.push_back(i);
  }
  const std::size_t a_column = (steps.size() + most_columns - 1) / most_columns;
  std::vector<Column> columns;
  for (std::size_t first = 0; first < steps.size(); first += a_column) {
    columns.push_back(column_of(run, steps, first, std::min(first + a_column, steps.size())));
  }
  std::string caption = "Step time";
  if (run.steps.by_rank.size() > 1) caption += " of " + rank_label(rank);
  if (a_column > 1) caption += ", each column the mean of " + std::to_string(a_column) + " steps";
  page.figure_markup(
      caption, phase_legend(run),
      column_strip(caption, columns, as_double(run.steps.steps[steps.front()].number),
                   as_double(run.steps.steps[steps.back()].number), "step", "time", format_tick_duration));
}

void add_statistics(HtmlPage& page, const RunAnalysis& run) {
  HtmlTable table({{"rank", false, {}},
                   {"steps", true, "complete steps, without the first"},
                   {"first", true, "the first step, a warm-up, is not in the other columns"},
                   {"median", true, {}},
                   {"p10", true, "one step in ten is faster"},
                   {"p90", true, "one step in ten is slower"},
                   {"mean", true, {}},
                   {"min", true, {}},
                   {"max", true, {}},
                   {"steps/s", true, "of wall time, what happens between steps included"},
                   {"samples/s", true, {}}});
  const auto add = [&](const analysis::StepStatistics& s, const std::string& label) {
    const analysis::Summary& d = s.duration_ns;
    table.add_row({label, count_cell(static_cast<std::int64_t>(d.count)),
                   s.first_ns ? duration_cell(as_double(*s.first_ns)) : HtmlTable::Cell("–"), duration_cell(d.median),
                   duration_cell(d.p10), duration_cell(d.p90), duration_cell(d.mean), duration_cell(d.min),
                   duration_cell(d.max), HtmlTable::Cell(format_rate(s.steps_per_s), s.steps_per_s),
                   s.samples_per_s ? HtmlTable::Cell(format_rate(*s.samples_per_s), *s.samples_per_s)
                                   : HtmlTable::Cell("unknown")});
  };
  if (run.steps.by_rank.size() > 1) add(run.steps.all, "all ranks");
  for (const analysis::StepStatistics& rank : run.steps.by_rank) add(rank, rank_label(rank.rank.value_or(0)));
  page.table(table);
}

void add_phases(HtmlPage& page, const RunAnalysis& run) {
  const bool any = std::any_of(run.phases.phases.begin(), run.phases.phases.end(),
                               [](const analysis::PhaseTime& p) { return p.count > 0; });
  page.subheading("Time by phase");
  if (!any) return page.paragraph(no_phases);
  std::vector<BarPart> parts;
  HtmlTable table({{"phase", false, {}},
                   {"in steps", true, "self time inside steps; the rows sum to the time of all steps"},
                   {"share", true, "of all steps"},
                   {"median a step", true, {}},
                   {"p90 a step", true, {}},
                   {"between steps", true, "outside steps, or in a program that names no steps"},
                   {"ranges", true, {}}});
  for (const analysis::PhaseTime& phase : run.phases.phases) {
    const double in_steps = as_double(phase.in_steps_ns);
    const double part = share(in_steps, as_double(run.phases.steps_total_ns));
    const std::string label = phase_label(phase.phase);
    parts.push_back(
        {in_steps, phase_color(phase.phase), label + ": " + format_duration(in_steps) + ", " + format_percent(part)});
    table.add_row({label, duration_cell(in_steps), share_cell(part), duration_cell(phase.per_step_ns.median),
                   duration_cell(phase.per_step_ns.p90), duration_cell(as_double(phase.outside_ns)),
                   count_cell(phase.count)});
  }
  if (run.phases.steps_total_ns > 0) {
    page.figure_markup("Where the steps' time goes", phase_legend(run),
                       share_bar("Share of each phase in the step time", parts));
  }
  page.table(table);
  if (run.phases.pooled > 0) page.note(pooled_sentence(run));
  if (run.phases.recycling.size() > 1) {
    HtmlTable passes({{"recycling pass", true, {}}, {"count", true, {}}, {"total", true, {}}, {"mean", true, {}}});
    for (const analysis::RecyclingPass& pass : run.phases.recycling) {
      passes.add_row({count_cell(pass.pass), count_cell(pass.count), duration_cell(as_double(pass.total_ns)),
                      duration_cell(share(as_double(pass.total_ns), as_double(pass.count)))});
    }
    page.table(passes);
  }
}

}  // namespace

void add_step_section(HtmlPage& page, const RunAnalysis& run) {
  page.open_section("steps", "Steps");
  if (run.steps.steps.empty()) {
    page.paragraph(no_steps);
  } else {
    if (const std::string source = step_source_sentence(run); !source.empty()) page.paragraph(source);
    add_strip(page, run);
    if (run.steps.by_rank.empty()) {
      page.paragraph("No step was completed.");
    } else {
      add_statistics(page, run);
    }
    if (run.steps.incomplete > 0) {
      page.note(format_count(static_cast<std::int64_t>(run.steps.incomplete)) +
                " step(s) were not finished and are left out of these numbers.");
    }
  }
  add_phases(page, run);
  page.close_section();
}

}  // namespace foldperf::report
