#include "core/analysis/rank_timeline.hpp"

#include <algorithm>
#include <cstddef>

#include "core/database/reader.hpp"

namespace foldperf::analysis {
namespace {

constexpr std::size_t deepest_track = 63;

bool earlier(const TrackRow& a, const TrackRow& b) { return a.start < b.start; }

}  // namespace

void RankTimeline::add(const TrackKey& key, std::int64_t start, std::int64_t end, std::int64_t id) {
  if (last_key_ == nullptr || !(*last_key_ == key)) {
    const auto found = tracks_.try_emplace(key).first;
    last_key_ = &found->first;
    last_rows_ = &found->second;
  }
  const std::int64_t from = database::bounded(start);
  last_rows_->push_back({from, std::max(from, database::bounded(end)), id});
}

void RankTimeline::add_range(std::int64_t global_tid, std::int64_t start, std::int64_t end, std::int64_t id) {
  std::vector<std::int64_t>& ends = open_[global_tid];
  std::erase_if(ends, [start](std::int64_t open_end) { return open_end <= start; });
  TrackKey key;
  key.kind = TrackKind::nvtx;
  key.global_tid = global_tid;
  key.depth = static_cast<std::int64_t>(ends.size());
  add(key, start, end, id);
  if (ends.size() < deepest_track) ends.push_back(end);
}

std::map<TrackKey, std::vector<TrackRow>>& RankTimeline::sorted_tracks() {
  for (auto& [key, rows] : tracks_) {
    if (!std::is_sorted(rows.begin(), rows.end(), earlier)) std::stable_sort(rows.begin(), rows.end(), earlier);
  }
  return tracks_;
}

}  // namespace foldperf::analysis
