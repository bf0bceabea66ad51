#include "core/analysis/operators.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/analysis/nesting.hpp"
#include "core/analysis/saturate.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::analysis {
namespace {

// What the time of an operator counts as, packed into the two low bits of a Place; in_step is the third.
enum Place : std::uint64_t { other = 0, forward = 1, backward = 2, background = 3, in_step = 4 };
constexpr std::uint64_t place_bits = 3;

class Places {
 public:
  Places(const RangeSet& set, const RankTimelines& phases, const RankTimelines& steps)
      : set_(set), phases_(phases), steps_(steps), training_thread_(set.threads.size(), false) {
    for (const Range& range : set.ranges) {
      if (range.range_class != RangeClass::op && range.range_class != RangeClass::other) {
        training_thread_[range.thread] = true;
      }
    }
    // A program that names operators only: none of its threads is more in the background than another.
    all_ = std::none_of(training_thread_.begin(), training_thread_.end(), [](bool t) { return t; });
    phase_place_.reserve(set.names.size());
    for (const std::string& name : set.names) {
      const bool is_forward = name == facts::phase::forward || name == facts::phase::loss;
      phase_place_.push_back(is_forward ? forward : name == facts::phase::backward ? backward : other);
    }
  }

  [[nodiscard]] std::uint64_t of(const Range& range) const {
    if (!all_ && !training_thread_[range.thread]) return background;
    const int rank = set_.threads[range.thread].rank;
    std::uint64_t place = other;
    if (const auto phase = phases_.find(rank); phase != phases_.end()) {
      if (const std::size_t name = phase->second.at(range.start); name != Timeline::none) place = phase_place_[name];
    }
    if (const auto step = steps_.find(rank); step != steps_.end() && step->second.at(range.start) != Timeline::none) {
      place |= in_step;
    }
    return place;
  }

 private:
  const RangeSet& set_;
  const RankTimelines& phases_;
  const RankTimelines& steps_;
  std::vector<bool> training_thread_;
  std::vector<Place> phase_place_;  // by name id
  bool all_ = false;
};

}  // namespace

OperatorAnalysis analyze_operators(const RangeSet& set, const RankTimelines& phases, const RankTimelines& steps) {
  const Places places(set, phases, steps);
  std::unordered_map<std::uint32_t, OperatorTime> times;
  OwnerSweep sweep([&](std::uint64_t id, std::int64_t from, std::int64_t to) {
    OperatorTime& time = times[set.ranges[id >> place_bits].name];
    const std::int64_t ns = to - from;
    add_to(time.self_ns, ns);
    if (id & in_step) add_to(time.in_steps_ns, ns);
    switch (id & 3U) {
      case forward:
        add_to(time.forward_ns, ns);
        break;
      case backward:
        add_to(time.backward_ns, ns);
        break;
      case background:
        add_to(time.background_ns, ns);
        break;
      default:
        add_to(time.other_ns, ns);
    }
  });
  for_each_thread(set, [&](std::size_t first, std::size_t last) {
    std::unordered_map<std::uint32_t, UnionLength> unions;
    for (std::size_t i = first; i < last; ++i) {
      const Range& range = set.ranges[i];
      if (range.range_class != RangeClass::op) continue;
      OperatorTime& time = times[range.name];
      ++time.count;
      add_to(time.total_ns, unions[range.name].add(range.start, range.end));
      sweep.begin(i << place_bits | places.of(range), range.start, range.end);
    }
    sweep.finish();
  });

  OperatorAnalysis analysis;
  for (auto& [name, time] : times) {
    time.name = set.names[name];
    add_to(analysis.self_ns, time.self_ns);
    analysis.operators.push_back(std::move(time));
  }
  std::sort(analysis.operators.begin(), analysis.operators.end(), [](const OperatorTime& a, const OperatorTime& b) {
    return a.self_ns != b.self_ns ? a.self_ns > b.self_ns : a.name < b.name;
  });
  return analysis;
}

}  // namespace foldperf::analysis
