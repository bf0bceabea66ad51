#include "core/analysis/steps.hpp"

#include <algorithm>
#include <tuple>

#include "core/analysis/saturate.hpp"

namespace foldperf::analysis {
namespace {

bool earlier(const Step& a, const Step& b) {
  return std::tie(a.rank, a.start, a.end) < std::tie(b.rank, b.start, b.end);
}

std::vector<Step> collect_steps(const RangeSet& set, const StepSamples& samples) {
  std::vector<Step> steps;
  for (const Range& range : set.ranges) {
    if (range.range_class != RangeClass::step) continue;
    Step step;
    step.rank = set.threads[range.thread].rank;
    step.number = range.payload;
    step.start = range.start;
    step.end = range.end;
    step.complete = range.closed;
    steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end(), earlier);
  std::map<int, std::int64_t> next_number;
  for (Step& step : steps) {
    std::int64_t& next = next_number[step.rank];
    if (step.number == no_payload) step.number = next;
    next = step.number + 1;
    if (const auto found = samples.find({step.rank, step.number}); found != samples.end()) step.samples = found->second;
  }
  return steps;
}

// Of the complete steps of one rank, in order of time.
StepStatistics rank_statistics(int rank, const std::vector<const Step*>& complete) {
  StepStatistics statistics;
  statistics.rank = rank;
  if (complete.empty()) return statistics;
  std::size_t first = 0;
  if (complete.size() > 1) {
    statistics.first_ns = complete.front()->duration();
    first = 1;
  }
  std::vector<double> durations;
  std::int64_t samples = 0;
  bool all_known = true;
  for (std::size_t i = first; i < complete.size(); ++i) {
    durations.push_back(static_cast<double>(complete[i]->duration()));
    all_known = all_known && complete[i]->samples.has_value();
    add_to(samples, complete[i]->samples.value_or(0));
  }
  const double wall_s = static_cast<double>(complete.back()->end - complete[first]->start) * 1e-9;
  if (wall_s > 0) {
    statistics.steps_per_s = static_cast<double>(durations.size()) / wall_s;
    if (all_known) statistics.samples_per_s = static_cast<double>(samples) / wall_s;
  }
  statistics.duration_ns = summarize(std::move(durations));
  return statistics;
}

// Ranks run in step, and a step's samples are those of all ranks: rates are averaged, not added.
StepStatistics over_ranks(const StepAnalysis& analysis) {
  if (analysis.by_rank.size() == 1) {
    StepStatistics all = analysis.by_rank.front();
    all.rank.reset();
    return all;
  }
  StepStatistics all;
  std::vector<double> durations;
  std::map<int, bool> warm_up_seen;
  for (const Step& step : analysis.steps) {
    if (!step.complete) continue;
    const auto of_rank = std::find_if(analysis.by_rank.begin(), analysis.by_rank.end(),
                                      [&](const StepStatistics& s) { return s.rank == step.rank; });
    bool& seen = warm_up_seen[step.rank];
    if (!seen && of_rank->first_ns) {
      seen = true;
      all.first_ns = std::max(all.first_ns.value_or(0), *of_rank->first_ns);
      continue;
    }
    durations.push_back(static_cast<double>(step.duration()));
  }
  all.duration_ns = summarize(std::move(durations));
  double samples_per_s = 0;
  bool all_known = !analysis.by_rank.empty();
  for (const StepStatistics& rank : analysis.by_rank) {
    all.steps_per_s += rank.steps_per_s / static_cast<double>(analysis.by_rank.size());
    all_known = all_known && rank.samples_per_s.has_value();
    samples_per_s += rank.samples_per_s.value_or(0) / static_cast<double>(analysis.by_rank.size());
  }
  if (all_known) all.samples_per_s = samples_per_s;
  return all;
}

}  // namespace

StepAnalysis analyze_steps(const RangeSet& set, const StepSamples& samples, const FoundSteps& found) {
  StepAnalysis analysis;
  analysis.steps = collect_steps(set, samples);
  if (!analysis.steps.empty()) {
    analysis.source = "fact";
  } else if (!found.steps.empty()) {
    analysis.steps = found.steps;
    analysis.source = found.source;
    analysis.confidence = found.confidence;
    std::sort(analysis.steps.begin(), analysis.steps.end(), earlier);
  }
  std::map<int, std::vector<const Step*>> complete;
  for (const Step& step : analysis.steps) {
    add_to(analysis.total_ns, step.duration());
    if (step.complete) {
      complete[step.rank].push_back(&step);
    } else {
      ++analysis.incomplete;
    }
  }
  for (const auto& [rank, steps] : complete) analysis.by_rank.push_back(rank_statistics(rank, steps));
  analysis.all = over_ranks(analysis);
  return analysis;
}

RankTimelines step_timelines(const StepAnalysis& steps) {
  RankTimelines timelines;
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    timelines[steps.steps[i].rank].append(steps.steps[i].start, steps.steps[i].end, i);
  }
  return timelines;
}

}  // namespace foldperf::analysis
