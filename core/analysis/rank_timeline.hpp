// Rows of one rank, gathered by the track on which a timeline draws them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/analysis/timeline_lod.hpp"

namespace foldperf::analysis {

// Where a track's rows are; with the row's id in TrackRow::id (packed_id).
enum class RowTable : std::uint8_t { kernel = 1, memcpy, memset, graph_trace, nvtx, api };
constexpr std::int64_t packed_id(RowTable table, std::int64_t row) {
  return row * 8 + static_cast<std::int64_t>(table);
}
constexpr std::int64_t row_of(std::int64_t packed) { return packed >> 3; }
constexpr std::int64_t table_of(std::int64_t packed) { return packed & 7; }

enum class TrackKind : std::uint8_t { stream, nvtx, api };

struct TrackKey {
  TrackKind kind = TrackKind::stream;
  std::optional<std::int64_t> global_pid, device, context, stream;  // of streams
  std::int64_t global_tid = 0;                                      // of threads
  std::int64_t depth = 0;                                           // of NVTX: ranges around it
  bool operator==(const TrackKey&) const = default;
  auto operator<=>(const TrackKey&) const = default;
};

class RankTimeline {
 public:
  // Of any order; an end before the start counts as the start.
  void add(const TrackKey& key, std::int64_t start, std::int64_t end, std::int64_t id);

  // An NVTX range; those of a thread by start, longest first. The track is that of its depth, 63 at most.
  void add_range(std::int64_t global_tid, std::int64_t start, std::int64_t end, std::int64_t id);

  // The tracks, each by start.
  std::map<TrackKey, std::vector<TrackRow>>& sorted_tracks();

 private:
  std::map<TrackKey, std::vector<TrackRow>> tracks_;
  const TrackKey* last_key_ = nullptr;  // most rows come on the track of the one before
  std::vector<TrackRow>* last_rows_ = nullptr;
  std::map<std::int64_t, std::vector<std::int64_t>> open_;  // ends, by thread
};

}  // namespace foldperf::analysis
