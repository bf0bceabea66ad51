#include "core/report/text_report.hpp"

#include <algorithm>

#include "core/report/escape.hpp"
#include "core/report/text_table.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::Pass;
using analysis::RunAnalysis;

double as_double(std::int64_t value) { return static_cast<double>(value); }

class TextReport {
 public:
  TextReport(const RunAnalysis& run, const Options& options) : run_(run), options_(options) {}

  std::string render() {
    run_and_machine();
    const bool converted = follows_convention(run_);
    if (!converted) other_ranges();  // the best there is comes first
    steps();
    phases();
    modules();
    operators();
    kernels();
    waits();
    data();
    metrics();
    if (converted) other_ranges();
    return std::move(text_);
  }

 private:
  void heading(const std::string& title) { text_ += "\n" + title + "\n"; }

  // A paragraph, wrapped.
  void paragraph(const std::string& sentence, const std::string& first = "  ", std::size_t indent = 2) {
    std::string line = first;
    const std::string clean = clean_text(sentence);
    for (std::size_t at = 0; at < clean.size();) {
      const std::size_t space = std::min(clean.find(' ', at), clean.size());
      const std::string word = clean.substr(at, space - at);
      if (display_width(line) + 1 + display_width(word) > options_.width && display_width(line) > indent) {
        text_ += line + "\n";
        line.assign(indent, ' ');
      }
      if (display_width(line) > indent) line += ' ';
      line += word;
      at = space + 1;
    }
    text_ += line + "\n";
  }

  void fact(const std::string& label, const std::string& value) {
    paragraph(value, "  " + label + std::string(label.size() < 12 ? 12 - label.size() : 1, ' '), 14);
  }

  void table(const TextTable& rows) { text_ += rows.render(options_.width); }

  void left_out(std::size_t all, const char* what) {
    if (all > options_.top) {
      text_ += "  … and " + format_count(static_cast<std::int64_t>(all - options_.top)) + " more " + what +
               " (--format html or json holds them)\n";
    }
  }

  void run_and_machine() {
    text_ += "foldperf report\n\nRun\n";
    const database::RunRow& facts = run_.facts.run;
    fact("name", title_of(run_));
    if (!facts.command.empty()) fact("command", facts.command);
    if (!facts.working_directory.empty()) fact("folder", facts.working_directory);
    fact("started", format_utc(facts.start_utc_ns));
    fact("duration", format_duration(as_double(run_.facts.duration_ns)) +
                         (run_.facts.duration_known ? "" : " (to the last event; no end was recorded)"));
    fact("state", state_sentence(run_));
    for (const std::string& line : machine_lines(run_)) fact("host", line);
    if (run_.facts.ranks.empty()) fact("host", "unknown: no process left a record");
    for (const std::string& line : gpu_lines(run_)) fact("GPU", line);
    if (run_.facts.gpus.empty()) fact("GPU", "none recorded");
    for (const database::CollectorRow& collector : run_.facts.collectors) {
      fact("collector", collector.name + " (" + rank_label(collector.rank) + "): " + collector.state +
                            (collector.detail.empty() ? "" : ", " + collector.detail));
    }
    if (run_.facts.collectors.empty()) fact("collector", "none reported");
    if (const std::string clocks = clock_sentence(run_); !clocks.empty()) fact("clocks", clocks);
    fact("dropped", dropped_sentence(run_));
    for (const database::DroppedRow& row : run_.facts.dropped) {
      fact("", format_count(row.count) + " of " + row.kind + " (" + rank_label(row.rank) + "): " + row.reason);
    }
    fact("ranges", format_count(static_cast<std::int64_t>(run_.range_count)) +
                       (run_.unclosed_ranges ? ", " + format_count(static_cast<std::int64_t>(run_.unclosed_ranges)) +
                                                   " still open when the program ended"
                                             : ""));
    const auto sentences = findings(run_);
    if (!sentences.empty()) heading("In short");
    for (const std::string& sentence : sentences) paragraph(sentence);
    if (run_.range_count == 0) {
      text_ += "\n";
      paragraph(no_ranges);
    }
  }

  void steps() {
    heading("Steps");
    if (run_.steps.steps.empty()) return paragraph(no_steps);
    if (const std::string source = step_source_sentence(run_); !source.empty()) paragraph(source);
    TextTable rows({"<rank", "steps", "first", "median", "p10", "p90", "mean", "min", "max", "steps", "samples"});
    const auto add = [&](const analysis::StepStatistics& s, const std::string& label) {
      const analysis::Summary& d = s.duration_ns;
      rows.add_row({label, format_count(static_cast<std::int64_t>(d.count)),
                    s.first_ns ? format_duration(as_double(*s.first_ns)) : "-", format_duration(d.median),
                    format_duration(d.p10), format_duration(d.p90), format_duration(d.mean), format_duration(d.min),
                    format_duration(d.max), format_rate(s.steps_per_s),
                    s.samples_per_s ? format_rate(*s.samples_per_s) : "unknown"});
    };
    if (run_.steps.by_rank.empty()) {
      paragraph("No step was completed.");
    } else {
      if (run_.steps.by_rank.size() > 1) add(run_.steps.all, "all ranks");
      for (std::size_t i = 0; i < std::min(run_.steps.by_rank.size(), options_.top); ++i) {
        add(run_.steps.by_rank[i], rank_label(run_.steps.by_rank[i].rank.value_or(0)));
      }
      table(rows);
      left_out(run_.steps.by_rank.size(), "ranks");
    }
    if (run_.steps.all.first_ns) paragraph("The first step of a rank is a warm-up: it is not in the other columns.");
    if (run_.steps.incomplete > 0) {
      paragraph(format_count(static_cast<std::int64_t>(run_.steps.incomplete)) +
                " step(s) were not finished and are left out of these numbers.");
    }
  }

  void phases() {
    heading("Time by phase");
    if (run_.phases.phases.empty() || (run_.phases.phases.size() == 1 && !run_.steps.steps.empty())) {
      return paragraph(no_phases);
    }
    TextTable rows({"<phase", "in steps", "share", "median a step", "p90 a step", "between steps"});
    for (const analysis::PhaseTime& phase : run_.phases.phases) {
      rows.add_row({phase_label(phase.phase), format_duration(as_double(phase.in_steps_ns)),
                    format_percent(share(as_double(phase.in_steps_ns), as_double(run_.phases.steps_total_ns))),
                    format_duration(phase.per_step_ns.median), format_duration(phase.per_step_ns.p90),
                    format_duration(as_double(phase.outside_ns))});
    }
    table(rows);
    if (run_.phases.pooled > 0) paragraph(pooled_sentence(run_));
    if (run_.phases.recycling.size() > 1) {
      heading("Recycling passes");
      TextTable passes({"<pass", "count", "total", "mean"});
      for (const analysis::RecyclingPass& pass : run_.phases.recycling) {
        passes.add_row({std::to_string(pass.pass), format_count(pass.count), format_duration(as_double(pass.total_ns)),
                        format_duration(share(as_double(pass.total_ns), as_double(pass.count)))});
      }
      table(passes);
    }
  }

  void modules() {
    heading("Time by module (repeated blocks folded, by self time)");
    if (run_.modules.folded.empty()) return paragraph(no_modules);
    const bool recompute = run_.modules.self_ns[static_cast<std::size_t>(Pass::recompute)] > 0;
    std::vector<std::string> headers{"<module", "calls", "fwd total", "fwd self", "bwd total", "bwd self"};
    if (recompute) headers.emplace_back("recomp.");
    const bool steps = run_.steps.total_ns > 0;
    if (steps) headers.emplace_back("of step");
    TextTable rows(headers);
    for (std::size_t i = 0; i < std::min(run_.modules.folded.size(), options_.top); ++i) {
      const analysis::ModuleTime& module = run_.modules.folded[i];
      const analysis::PassTime& forward = module.pass(Pass::forward);
      const analysis::PassTime& backward = module.pass(Pass::backward);
      std::vector<std::string> cells{module.path,
                                     format_count(std::max(forward.count, backward.count)),
                                     format_duration(as_double(forward.total_ns)),
                                     format_duration(as_double(forward.self_ns)),
                                     format_duration(as_double(backward.total_ns)),
                                     format_duration(as_double(backward.self_ns))};
      if (recompute) cells.push_back(format_duration(as_double(module.pass(Pass::recompute).self_ns)));
      if (steps)
        cells.push_back(format_percent(share(as_double(module.training().self_ns), as_double(run_.steps.total_ns))));
      rows.add_row(std::move(cells));
    }
    table(rows);
    left_out(run_.modules.folded.size(), "modules");
    if (steps)
      paragraph("of step: the module's own time (self: forward, backward, recomputed) as a part of all steps.");
    const std::int64_t evaluation = run_.modules.self_ns[static_cast<std::size_t>(Pass::evaluation)];
    if (evaluation > 0) {
      paragraph("Modules ran another " + format_duration(as_double(evaluation)) + " in evaluation, not counted above.");
    }
  }

  void waits() {
    const imbalance::Imbalance& found = run_.imbalance;
    if (found.meetings == 0) return;  // of one rank, or without NCCL: nobody met
    heading("Waiting for other ranks (in collectives)");
    paragraph(waits_sentence(run_));
    if (!found.stragglers.empty()) {
      TextTable rows({"<rank", "came last", "others waited", "share", "<mostly because of", "<evidence"});
      for (std::size_t i = 0; i < std::min(found.stragglers.size(), options_.top); ++i) {
        const imbalance::Straggler& late = found.stragglers[i];
        rows.add_row({rank_label(late.rank), format_count(late.times), format_duration(as_double(late.caused_ns)),
                      format_percent(late.share), std::string(imbalance::name_of(late.mostly.cause)),
                      evidence_of(late.mostly)});
      }
      table(rows);
      left_out(found.stragglers.size(), "ranks");
    }
    TextTable rows({"<rank", "waited"});
    for (std::size_t i = 0; i < std::min(found.by_rank.size(), options_.top); ++i) {
      rows.add_row({rank_label(found.by_rank[i].rank), format_duration(as_double(found.by_rank[i].waited_ns))});
    }
    table(rows);
    left_out(found.by_rank.size(), "ranks");
  }

  void operators() {
    heading("Time by operator (by self time)");
    const auto& operators = run_.operators.operators;
    if (operators.empty()) return paragraph(no_operators);
    const bool steps = run_.steps.total_ns > 0;
    std::vector<std::string> headers{"<operator", "calls", "total", "self", "forward", "backward", "background"};
    if (steps) headers.emplace_back("of step");
    TextTable rows(headers);
    for (std::size_t i = 0; i < std::min(operators.size(), options_.top); ++i) {
      const analysis::OperatorTime& op = operators[i];
      std::vector<std::string> cells{op.name,
                                     format_count(op.count),
                                     format_duration(as_double(op.total_ns)),
                                     format_duration(as_double(op.self_ns)),
                                     format_duration(as_double(op.forward_ns)),
                                     format_duration(as_double(op.backward_ns)),
                                     format_duration(as_double(op.background_ns))};
      if (steps) cells.push_back(format_percent(share(as_double(op.in_steps_ns), as_double(run_.steps.total_ns))));
      rows.add_row(std::move(cells));
    }
    table(rows);
    left_out(operators.size(), "operators");
  }

  void kernels() {
    if (run_.kernels.kernels.empty()) return;
    heading("GPU time by kernel");
    kernel_times(run_.kernels.kernels, "<kernel", "(no name)", "kernels");
    if (run_.kernels.modules.empty()) return;
    heading("GPU time by module");
    kernel_times(run_.kernels.modules, "<module", "(no range known)", "modules");
    paragraph(module_kernels);
  }

  void kernel_times(const std::vector<analysis::KernelTime>& times, const char* column, const char* unnamed,
                    const char* what) {
    TextTable rows({column, "count", "total", "share", "mean"});
    for (std::size_t i = 0; i < std::min(times.size(), options_.top); ++i) {
      const analysis::KernelTime& time = times[i];
      rows.add_row({time.name.empty() ? unnamed : time.name, format_count(time.count), format_duration(time.total_ns),
                    format_percent(time.share), format_duration(time.total_ns / static_cast<double>(time.count))});
    }
    table(rows);
    left_out(times.size(), what);
  }

  void bins(const std::string& title, const std::string& column, const std::vector<analysis::BatchBin>& all) {
    heading(title);
    TextTable rows({"<" + column, "batches", "wait median", "wait p90", "wait total", "prep. median", "prep. p90"});
    for (const analysis::BatchBin& bin : all) {
      rows.add_row({bin_label(bin), format_count(static_cast<std::int64_t>(bin.wait_ns.count)),
                    format_duration(bin.wait_ns.median), format_duration(bin.wait_ns.p90),
                    format_duration(bin.wait_ns.sum), format_duration(bin.preparation_ns.median),
                    format_duration(bin.preparation_ns.p90)});
    }
    table(rows);
  }

  void data() {
    if (run_.data.wait_ns.count == 0) {
      heading("Data wait");
      return paragraph(no_batches);
    }
    bins("Data wait by sequence length", "residues", run_.data.by_length);
    bins("Data wait by alignment depth", "rows", run_.data.by_depth);
    if (run_.data.stages.empty()) return;
    heading("Preparation of a batch by stage");
    TextTable rows({"<stage", "batches", "median", "p90", "total"});
    for (const analysis::PreparationStage& stage : run_.data.stages) {
      rows.add_row({stage.stage, format_count(static_cast<std::int64_t>(stage.ns.count)),
                    format_duration(stage.ns.median), format_duration(stage.ns.p90), format_duration(stage.ns.sum)});
    }
    table(rows);
  }

  void metrics() {
    heading("Metrics");
    if (run_.metrics.series.empty()) return paragraph(no_metrics);
    TextTable rows({"<metric", "<split", "chains", "values", "first", "last", "lowest", "highest", "not finite"});
    for (const analysis::MetricSeries& series : run_.metrics.series) {
      // Single chains' values jump from chain to chain: their running mean is what can be compared.
      const auto& points = series.chain_mean.empty() ? series.overall : series.chain_mean;
      std::vector<std::string> cells{series.name, series.split, std::to_string(series.chains.size()),
                                     format_count(static_cast<std::int64_t>(points.size()))};
      if (points.empty()) {
        cells.insert(cells.end(), {"-", "-", "-", "-"});
      } else {
        const auto [low, high] = std::minmax_element(points.begin(), points.end(),
                                                     [](const auto& a, const auto& b) { return a.value < b.value; });
        for (const double value : {points.front().value, points.back().value, low->value, high->value}) {
          cells.push_back(format_value(value));
        }
      }
      cells.push_back(format_count(static_cast<std::int64_t>(series.not_finite)));
      rows.add_row(std::move(cells));
    }
    table(rows);
  }

  void other_ranges() {
    const auto& names = run_.other_ranges.names;
    if (names.empty()) return;
    heading("Time by range name (ranges outside foldperf's convention, by self time)");
    if (!follows_convention(run_)) paragraph(not_converted);
    TextTable rows({"<range", "count", "total", "self", "of covered", "median", "p90"});
    for (std::size_t i = 0; i < std::min(names.size(), options_.top); ++i) {
      const analysis::NameTime& name = names[i];
      rows.add_row({name.name.empty() ? "(no name)" : name.name, format_count(name.count),
                    format_duration(as_double(name.total_ns)), format_duration(as_double(name.self_ns)),
                    format_percent(share(as_double(name.self_ns), as_double(run_.other_ranges.self_ns))),
                    format_duration(name.median_ns), format_duration(name.p90_ns)});
    }
    table(rows);
    left_out(names.size(), "names");
  }

  const RunAnalysis& run_;
  const Options& options_;
  std::string text_;
};

}  // namespace

std::string render_text(const RunAnalysis& run, const Options& options) { return TextReport(run, options).render(); }

}  // namespace foldperf::report
