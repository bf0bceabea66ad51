// Disjoint, labelled stretches of one rank's time: which step, which phase, was running at a moment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace foldperf::analysis {

class Timeline {
 public:
  struct Segment {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::size_t label = 0;
  };
  static constexpr std::size_t none = SIZE_MAX;

  // Segments come in order of time and do not overlap; what would overlap an earlier one is cut off.
  void append(std::int64_t from, std::int64_t to, std::size_t label) {
    if (!segments_.empty()) from = std::max(from, segments_.back().to);
    if (to > from) segments_.push_back({from, to, label});
  }

  // Label at a moment, or none.
  [[nodiscard]] std::size_t at(std::int64_t time) const {
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), time,
                                        [](std::int64_t t, const Segment& s) { return t < s.from; });
    if (after == segments_.begin()) return none;
    const Segment& segment = *(after - 1);
    return time < segment.to ? segment.label : none;
  }

  // Calls visit(label, overlap_ns) for every segment that [from, to) meets.
  template <class Visit>
  void for_each_overlap(std::int64_t from, std::int64_t to, Visit visit) const {
    auto segment =
        std::partition_point(segments_.begin(), segments_.end(), [from](const Segment& s) { return s.to <= from; });
    for (; segment != segments_.end() && segment->from < to; ++segment) {
      visit(segment->label, std::min(to, segment->to) - std::max(from, segment->from));
    }
  }

  [[nodiscard]] bool empty() const { return segments_.empty(); }

 private:
  std::vector<Segment> segments_;
};

// One timeline a rank.
using RankTimelines = std::map<int, Timeline>;

}  // namespace foldperf::analysis
