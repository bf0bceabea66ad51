// Who owns which stretch of a thread's time: the self time of nested ranges, in one pass with a stack.
//
// At any moment the range that started last among those still open owns the time. For ranges that nest, that is the
// usual self time (a range's own time less its children's). For ranges that overlap without nesting, which start/end
// ranges may do, every stretch still has exactly one owner: the self times always sum to the time that is covered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace foldperf::analysis {

// Segment: void(std::uint64_t id, std::int64_t from, std::int64_t to), called in order of time, never empty.
template <class Segment>
class OwnerSweep {
 public:
  explicit OwnerSweep(Segment segment) : segment_(std::move(segment)) {}

  // Ranges come in order of start, of two that start together the longer first; end is not before start.
  void begin(std::uint64_t id, std::int64_t start, std::int64_t end) {
    advance(start);
    open_.push_back({id, end});
  }

  // Hands out all that is owned before `time`.
  void advance(std::int64_t time) {
    while (!open_.empty()) {
      const Open& top = open_.back();
      if (top.end > time) {
        if (time > cursor_) segment_(top.id, cursor_, time);
        break;
      }
      if (top.end > cursor_) {
        segment_(top.id, cursor_, top.end);
        cursor_ = top.end;
      }
      open_.pop_back();
    }
    cursor_ = std::max(cursor_, time);
  }

  // Hands out the rest; the sweep can then be used for another thread.
  void finish() {
    advance(std::numeric_limits<std::int64_t>::max());
    open_.clear();
    cursor_ = std::numeric_limits<std::int64_t>::min();
  }

  // After begin(): ids of the open ranges, outermost first, the one just begun last.
  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  [[nodiscard]] std::uint64_t id_at(std::size_t depth) const { return open_[depth].id; }

 private:
  struct Open {
    std::uint64_t id;
    std::int64_t end;
  };
  Segment segment_;
  std::vector<Open> open_;
  std::int64_t cursor_ = std::numeric_limits<std::int64_t>::min();
};

// Length of the union of intervals that come in order of start: a name's total time, in which a range inside another
// of the same name (recursion) counts once.
class UnionLength {
 public:
  // What the interval adds to the union.
  std::int64_t add(std::int64_t start, std::int64_t end) {
    const std::int64_t from = std::max(start, covered_to_);
    if (end <= from) return 0;
    covered_to_ = end;
    return end - from;
  }

 private:
  std::int64_t covered_to_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace foldperf::analysis
