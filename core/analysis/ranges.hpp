// Host ranges of a run (NVTX push/pop and start/end) as compact records, sorted so that every analysis is one pass.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foldperf::analysis {

// What a range spans: the categories of core/facts/conventions.hpp; `other` is every range that does not follow the
// convention (another domain, no or an unknown category).
enum class RangeClass : std::uint8_t { step, recycling_pass, phase, module, module_backward, op, other };

struct Range {
  std::int64_t start = 0;    // ns of the run's clock
  std::int64_t end = 0;      // never before start; the end of its process where the program ended inside the range
  std::int64_t payload = 0;  // step or pass number; no_payload where none was given
  std::uint32_t name = 0;    // into RangeSet::names
  std::uint32_t thread = 0;  // into RangeSet::threads
  RangeClass range_class = RangeClass::other;
  bool closed = true;
};
inline constexpr std::int64_t no_payload = INT64_MIN;

// Which process a range is of: rank and pid. Several processes may have one rank (a launcher's, data loaders).
using Process = std::pair<int, std::int64_t>;

struct Thread {
  int rank = 0;
  std::int64_t global_tid = 0;
};

struct RangeSet {
  std::vector<std::string> names;
  std::vector<Thread> threads;
  std::vector<Range> ranges;  // by thread, then start, then longer first: a range stands before what it contains
  std::size_t unclosed = 0;
  std::int64_t last_ns = 0;  // latest time in any range
};

// Collects ranges in any order. Names and threads are interned. Not thread safe.
class RangeSetBuilder {
 public:
  // `end` empty: the program ended inside the range. Times and payload are bounded (database::time_limit_ns).
  void add(int rank, std::int64_t global_tid, std::string_view name, RangeClass range_class, std::int64_t start,
           std::optional<std::int64_t> end, std::int64_t payload = no_payload);

  // Closes what is open, sorts, and leaves the builder empty. An open range ends where its process did: at
  // process_ends[process] where that is known, and never before the last time seen of the process.
  RangeSet finish(const std::map<Process, std::int64_t>& process_ends = {});

 private:
  std::uint32_t intern(std::string_view name);
  std::uint32_t thread_index(int rank, std::int64_t global_tid);

  std::deque<std::string> names_;  // keeps the keys of ids_ in place
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::map<std::pair<int, std::int64_t>, std::uint32_t> thread_ids_;
  std::map<Process, std::int64_t> last_seen_;
  RangeSet set_;
};

// Calls visit(first, last) with the half-open index span of each thread's ranges.
template <class Visit>
void for_each_thread(const RangeSet& set, Visit visit) {
  for (std::size_t first = 0; first < set.ranges.size();) {
    std::size_t last = first;
    while (last < set.ranges.size() && set.ranges[last].thread == set.ranges[first].thread) ++last;
    visit(first, last);
    first = last;
  }
}

}  // namespace foldperf::analysis
