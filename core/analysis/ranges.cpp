#include "core/analysis/ranges.hpp"

#include <algorithm>
#include <iterator>

#include "core/database/reader.hpp"
#include "core/records/records.hpp"

namespace foldperf::analysis {

namespace {

Process process_of(const Thread& thread) { return {thread.rank, records::pid_of(thread.global_tid)}; }

}  // namespace

std::uint32_t RangeSetBuilder::intern(std::string_view name) {
  if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(names_.back(), id);
  return id;
}

std::uint32_t RangeSetBuilder::thread_index(int rank, std::int64_t global_tid) {
  const auto next = static_cast<std::uint32_t>(set_.threads.size());
  const auto [found, added] = thread_ids_.try_emplace({rank, global_tid}, next);
  if (added) set_.threads.push_back({rank, global_tid});
  return found->second;
}

void RangeSetBuilder::add(int rank, std::int64_t global_tid, std::string_view name, RangeClass range_class,
                          std::int64_t start, std::optional<std::int64_t> end, std::int64_t payload) {
  Range range;
  range.start = database::bounded(start);
  range.end =
      std::max(range.start, database::bounded(end.value_or(start)));  // a damaged file may hold an end before its start
  range.payload = payload == no_payload ? payload : database::bounded(payload);
  range.name = intern(name);
  range.thread = thread_index(rank, global_tid);
  range.range_class = range_class;
  range.closed = end.has_value();
  if (!range.closed) ++set_.unclosed;
  set_.last_ns = std::max(set_.last_ns, range.end);
  std::int64_t& last = last_seen_[process_of({rank, global_tid})];
  last = std::max(last, range.end);
  set_.ranges.push_back(range);
}

RangeSet RangeSetBuilder::finish(const std::map<Process, std::int64_t>& process_ends) {
  if (set_.unclosed > 0) {
    for (const auto& [process, end] : process_ends) {
      std::int64_t& last = last_seen_[process];
      last = std::max(last, database::bounded(end));
    }
    for (Range& range : set_.ranges) {
      if (!range.closed) range.end = std::max(range.start, last_seen_[process_of(set_.threads[range.thread])]);
      set_.last_ns = std::max(set_.last_ns, range.end);
    }
  }
  std::sort(set_.ranges.begin(), set_.ranges.end(), [](const Range& a, const Range& b) {
    if (a.thread != b.thread) return a.thread < b.thread;
    if (a.start != b.start) return a.start < b.start;
    if (a.end != b.end) return a.end > b.end;
    if (a.range_class != b.range_class) return a.range_class < b.range_class;  // the classes stand outermost first
    return a.name < b.name;
  });
  set_.names.assign(std::make_move_iterator(names_.begin()), std::make_move_iterator(names_.end()));
  RangeSet result = std::move(set_);
  set_ = {};
  names_.clear();
  ids_.clear();
  thread_ids_.clear();
  last_seen_.clear();
  return result;
}

}  // namespace foldperf::analysis
