#include "core/analysis/analysis.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "core/facts/conventions.hpp"
#include "core/records/records.hpp"

namespace foldperf::analysis {
namespace {

facts::Category category_of(const database::NvtxRow& row) {
  for (const facts::CategoryName& known : facts::category_names) {
    if (row.category_name.empty() ? static_cast<std::uint32_t>(known.category) == row.category
                                  : row.category_name == known.name) {
      return known.category;
    }
  }
  return facts::Category::none;
}

RangeClass classify(const database::NvtxRow& row) {
  if (row.domain != facts::domain_name) return RangeClass::other;
  switch (category_of(row)) {
    case facts::Category::step:
      return RangeClass::step;
    case facts::Category::recycling_pass:
      return RangeClass::recycling_pass;
    case facts::Category::phase:
      return RangeClass::phase;
    case facts::Category::module:
      return RangeClass::module;
    case facts::Category::module_backward:
      return RangeClass::module_backward;
    case facts::Category::op:
      return RangeClass::op;
    case facts::Category::none:
    case facts::Category::fact:
      break;
  }
  return RangeClass::other;
}

std::int64_t last_time(const RangeSet& set, const database::RunReader& reader) {
  std::int64_t last = set.last_ns;
  for (const database::StepRow& step : reader.steps()) last = std::max(last, step.at_ns);
  for (const database::MetricRow& metric : reader.metrics()) last = std::max(last, metric.at_ns);
  return last;
}

// Of the sources that the ranks' steps have, the least sure is told.
FoundSteps found_steps(const database::RunReader& reader) {
  FoundSteps found;
  reader.query("SELECT rank,step,start,\"end\",source,COALESCE(confidence,1) FROM step_ranges ORDER BY rank,start", {},
               [&](const database::QueryRow& row) {
                 Step& step = found.steps.emplace_back();
                 step.rank = static_cast<int>(row.integer(0));
                 step.number = database::bounded(row.integer(1));
                 step.start = database::bounded(row.integer(2));
                 step.end = std::max(step.start, database::bounded(row.integer(3)));
                 if (found.source != "pattern") found.source = row.text(4);
                 found.confidence = std::min(found.confidence, row.real(5));
                 return true;
               });
  return found;
}

}  // namespace

RangeSet load_ranges(const database::RunReader& reader) {
  RangeSetBuilder builder;
  database::NvtxFilter filter;
  filter.marks = false;
  reader.for_each_nvtx(filter, [&](const database::NvtxRow& row) {
    builder.add(row.rank, row.global_tid, row.text, classify(row), row.start_ns, row.end_ns,
                row.payload.value_or(no_payload));
  });
  // A process that left no end is taken to have ended with the run.
  const database::RunRow run = reader.run();
  std::map<Process, std::int64_t> ends;
  for (const database::RankRow& row : reader.ranks()) {
    const auto end_utc_ns = row.end_utc_ns ? row.end_utc_ns : run.end_utc_ns;
    if (!end_utc_ns) continue;
    const Process process{row.rank, records::pid_of(records::global_pid(row.pid))};
    const std::int64_t end = *end_utc_ns - run.start_utc_ns;
    // Two hosts may have the same pid under one rank: then the later end.
    const auto [known, added] = ends.try_emplace(process, end);
    if (!added) known->second = std::max(known->second, end);
  }
  return builder.finish(ends);
}

RunAnalysis analyze(const database::RunReader& reader) {
  RunAnalysis run;
  const RangeSet ranges = load_ranges(reader);
  run.facts = gather_run_facts(reader, last_time(ranges, reader));
  run.range_count = ranges.ranges.size();
  run.unclosed_ranges = ranges.unclosed;

  StepSamples samples;
  for (const database::StepRow& step : reader.steps()) {
    if (step.samples) samples[{step.rank, step.step}] = *step.samples;
  }
  run.steps = analyze_steps(ranges, samples, found_steps(reader));
  run.phases = analyze_phases(ranges, run.steps);
  const RankTimelines phases = phase_timelines(ranges);
  run.modules = analyze_modules(ranges, phases);
  run.operators = analyze_operators(ranges, phases, step_timelines(run.steps));
  run.data = analyze_data(reader.batches());
  run.metrics = analyze_metrics(reader.metrics());
  run.kernels = analyze_kernels(reader);
  run.imbalance = imbalance::analyze_imbalance(reader);
  run.other_ranges = analyze_call_tree(ranges);
  return run;
}

}  // namespace foldperf::analysis
