#include "core/analysis/phases.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "core/analysis/nesting.hpp"
#include "core/analysis/saturate.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::analysis {
namespace {

constexpr std::array<std::string_view, 9> step_order{
    facts::phase::data_wait, facts::phase::forward,    facts::phase::loss,
    facts::phase::backward,  facts::phase::clip,       facts::phase::optimizer,
    facts::phase::ema,       facts::phase::evaluation, facts::phase::checkpoint};

// Threads whose phases count: those that run steps, or all threads of a rank without steps.
std::vector<bool> phase_threads(const RangeSet& set) {
  std::vector<bool> has_steps(set.threads.size(), false);
  std::set<int> ranks_with_steps;
  for (const Range& range : set.ranges) {
    if (range.range_class != RangeClass::step) continue;
    has_steps[range.thread] = true;
    ranks_with_steps.insert(set.threads[range.thread].rank);
  }
  std::vector<bool> counts(set.threads.size(), false);
  for (std::size_t i = 0; i < counts.size(); ++i)
    counts[i] = has_steps[i] || !ranks_with_steps.contains(set.threads[i].rank);
  return counts;
}

// segment(range, from, to) for each stretch of time whose innermost phase is that range.
template <class Segment>
void sweep_phases(const RangeSet& set, Segment segment) {
  const std::vector<bool> counts = phase_threads(set);
  OwnerSweep sweep([&](std::uint64_t id, std::int64_t from, std::int64_t to) { segment(set.ranges[id], from, to); });
  for_each_thread(set, [&](std::size_t first, std::size_t last) {
    if (!counts[set.ranges[first].thread]) return;
    for (std::size_t i = first; i < last; ++i) {
      const Range& range = set.ranges[i];
      if (range.range_class == RangeClass::phase) sweep.begin(i, range.start, range.end);
    }
    sweep.finish();
  });
}

struct NamedPhase {
  std::uint32_t name = 0;
  std::size_t order = 0;  // place in step_order, whose size means: outside the convention
  std::int64_t count = 0;
  std::int64_t total_ns = 0;
};

// The names of phases in the order in which they are shown, but that those outside the convention come by their time.
std::vector<NamedPhase> named_phases(const RangeSet& set) {
  std::unordered_map<std::uint32_t, NamedPhase> by_name;
  for (const Range& range : set.ranges) {
    if (range.range_class != RangeClass::phase) continue;
    NamedPhase& phase = by_name[range.name];
    ++phase.count;
    add_to(phase.total_ns, range.end - range.start);
  }
  std::vector<NamedPhase> phases;
  for (auto& [name, phase] : by_name) {
    const auto known = std::find(step_order.begin(), step_order.end(), set.names[name]);
    phase.name = name;
    phase.order = static_cast<std::size_t>(known - step_order.begin());
    phases.push_back(phase);
  }
  std::sort(phases.begin(), phases.end(), [&](const NamedPhase& a, const NamedPhase& b) {
    if (a.order != b.order) return a.order < b.order;
    return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : set.names[a.name] < set.names[b.name];
  });
  return phases;
}

// name id -> position in PhaseAnalysis::phases
std::unordered_map<std::uint32_t, std::size_t> name_phases(const RangeSet& set, PhaseAnalysis& analysis) {
  std::vector<NamedPhase> named = named_phases(set);
  const auto others = std::find_if(named.begin(), named.end(),
                                   [](const NamedPhase& phase) { return phase.order == step_order.size(); });
  const auto kept = named.end() - others > static_cast<std::ptrdiff_t>(other_phases_kept)
                        ? others + static_cast<std::ptrdiff_t>(other_phases_kept)
                        : named.end();
  std::sort(others, kept,
            [&](const NamedPhase& a, const NamedPhase& b) { return set.names[a.name] < set.names[b.name]; });
  std::unordered_map<std::uint32_t, std::size_t> position;
  for (auto phase = named.begin(); phase != kept; ++phase) {
    position[phase->name] = analysis.phases.size();
    PhaseTime& added = analysis.phases.emplace_back();
    added.phase = set.names[phase->name];
    added.count = phase->count;
  }
  if (kept == named.end()) return position;
  PhaseTime& pool = analysis.phases.emplace_back();
  pool.phase = other_phases;
  for (auto phase = kept; phase != named.end(); ++phase) {
    position[phase->name] = analysis.phases.size() - 1;
    pool.count += phase->count;
    ++analysis.pooled;
  }
  return position;
}

std::vector<RecyclingPass> recycling_passes(const RangeSet& set) {
  std::map<std::int64_t, RecyclingPass> passes;
  for (const Range& range : set.ranges) {
    if (range.range_class != RangeClass::recycling_pass || range.payload == no_payload) continue;
    RecyclingPass& pass = passes[range.payload];
    pass.pass = range.payload;
    ++pass.count;
    add_to(pass.total_ns, range.end - range.start);
  }
  std::vector<RecyclingPass> result;
  for (const auto& [number, pass] : passes) result.push_back(pass);
  return result;
}

}  // namespace

PhaseAnalysis analyze_phases(const RangeSet& set, const StepAnalysis& steps) {
  PhaseAnalysis analysis;
  analysis.steps_total_ns = steps.total_ns;
  analysis.recycling = recycling_passes(set);
  const auto position = name_phases(set, analysis);
  const std::size_t rest = analysis.phases.size();
  if (!steps.steps.empty()) analysis.phases.emplace_back().phase = rest_of_step;
  analysis.per_step.assign(steps.steps.size(), std::vector<std::int64_t>(analysis.phases.size(), 0));

  const RankTimelines step_time = step_timelines(steps);
  sweep_phases(set, [&](const Range& range, std::int64_t from, std::int64_t to) {
    const std::size_t phase = position.at(range.name);
    std::int64_t outside = to - from;
    if (const auto timeline = step_time.find(set.threads[range.thread].rank); timeline != step_time.end()) {
      timeline->second.for_each_overlap(from, to, [&](std::size_t step, std::int64_t ns) {
        add_to(analysis.per_step[step][phase], ns);
        add_to(analysis.phases[phase].in_steps_ns, ns);
        outside -= ns;
      });
    }
    add_to(analysis.phases[phase].outside_ns, outside);
  });

  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    std::int64_t left = steps.steps[i].duration();
    for (std::size_t p = 0; p < rest; ++p) add_to(left, -analysis.per_step[i][p]);
    // Two threads of a rank that both run steps could name more than a step's length: the rest is then nothing.
    analysis.per_step[i][rest] = std::max<std::int64_t>(0, left);
    add_to(analysis.phases[rest].in_steps_ns, analysis.per_step[i][rest]);
  }
  for (std::size_t p = 0; p < analysis.phases.size(); ++p) {
    std::vector<double> sample;
    for (std::size_t i = 0; i < steps.steps.size(); ++i) {
      if (steps.steps[i].complete) sample.push_back(static_cast<double>(analysis.per_step[i][p]));
    }
    analysis.phases[p].per_step_ns = summarize(std::move(sample));
  }
  return analysis;
}

RankTimelines phase_timelines(const RangeSet& set) {
  std::map<int, std::vector<Timeline::Segment>> segments;
  sweep_phases(set, [&](const Range& range, std::int64_t from, std::int64_t to) {
    segments[set.threads[range.thread].rank].push_back({from, to, range.name});
  });
  RankTimelines timelines;
  for (auto& [rank, of_rank] : segments) {
    std::sort(of_rank.begin(), of_rank.end(),
              [](const Timeline::Segment& a, const Timeline::Segment& b) { return a.from < b.from; });
    for (const Timeline::Segment& segment : of_rank) timelines[rank].append(segment.from, segment.to, segment.label);
  }
  return timelines;
}

}  // namespace foldperf::analysis
