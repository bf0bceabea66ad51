#include "core/analysis/rank_launches.hpp"

#include <algorithm>

namespace foldperf::analysis {
namespace {

// A stable sort takes half as much memory again.
template <class T, class Less>
void sort_unless_sorted(std::vector<T>& rows, Less less) {
  if (!std::is_sorted(rows.begin(), rows.end(), less)) std::stable_sort(rows.begin(), rows.end(), less);
}

}  // namespace

void RankLaunches::add(std::int64_t correlation, std::int64_t start, std::int64_t global_tid) {
  if (launches_.size() == UINT32_MAX) return;
  by_thread_[global_tid].push_back(static_cast<std::uint32_t>(launches_.size()));
  launches_.push_back({correlation, start, 0});
}

void RankLaunches::find_stacks(std::map<std::int64_t, std::vector<OpenRange>>& ranges, StackNumbers& numbers) {
  for (auto& [thread, places] : by_thread_) {
    const auto of_thread = ranges.find(thread);
    if (of_thread == ranges.end()) continue;
    sort_unless_sorted(of_thread->second, [](const OpenRange& a, const OpenRange& b) {
      return a.start != b.start ? a.start < b.start : a.end > b.end;
    });
    sort_unless_sorted(places,
                       [this](std::uint32_t a, std::uint32_t b) { return launches_[a].start < launches_[b].start; });
    std::vector<std::int64_t> times;
    times.reserve(places.size());
    for (const std::uint32_t place : places) times.push_back(launches_[place].start);
    const auto stacks = stacks_of_launches(of_thread->second, times, numbers);
    for (std::size_t i = 0; i < places.size(); ++i) launches_[places[i]].stack = stacks[i];
  }
  by_thread_.clear();
  sort_unless_sorted(launches_, [](const Launch& a, const Launch& b) { return a.correlation < b.correlation; });
}

const Launch* RankLaunches::find(std::int64_t correlation) const {
  for (std::size_t at = last_; at < std::min(last_ + 3, launches_.size()); ++at) {
    const bool last_of_its = at + 1 == launches_.size() || launches_[at + 1].correlation != correlation;
    if (launches_[at].correlation == correlation && last_of_its) {
      last_ = at;
      return &launches_[at];
    }
  }
  const auto beyond =
      std::upper_bound(launches_.begin(), launches_.end(), correlation,
                       [](std::int64_t wanted, const Launch& launch) { return wanted < launch.correlation; });
  if (beyond == launches_.begin() || (beyond - 1)->correlation != correlation) return nullptr;
  last_ = static_cast<std::size_t>(beyond - launches_.begin()) - 1;
  return &launches_[last_];
}

}  // namespace foldperf::analysis
