// What a queue of samples measured, and its report for the log.
//
// Drift is what overtaking does to the order: a sample's place (how many were handed out before it) minus its ticket.
// Positive: it came late. It is measured by cost class, because a loader that is biased towards cheap samples shows as
// expensive classes with a positive mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace foldperf::trainer {

// Of the samples handed out so far.
struct DriftStatistics {
  std::int64_t samples = 0;
  std::int64_t errors = 0;
  std::int64_t drift_sum = 0;      // places; positive is late
  std::int64_t moved_sum = 0;      // places without sign
  std::int64_t latest = 0;         // largest drift, 0 or more
  std::int64_t earliest = 0;       // smallest drift, 0 or less
  std::int64_t prepare_ns = 0;     // sum
  std::int64_t queue_wait_ns = 0;  // sum

  [[nodiscard]] double mean_drift() const {
    return samples == 0 ? 0 : static_cast<double>(drift_sum) / static_cast<double>(samples);
  }
  [[nodiscard]] double mean_moved() const {
    return samples == 0 ? 0 : static_cast<double>(moved_sum) / static_cast<double>(samples);
  }
  [[nodiscard]] std::int64_t max_drift() const { return std::max(latest, -earliest); }
};

struct QueueStatistics {
  DriftStatistics all;
  std::map<std::int64_t, DriftStatistics> by_class;
  std::int64_t bound = 0;       // on drift, either way; 0: strict order
  std::int64_t elapsed_ns = 0;  // from the consumer's first call of next() to the end of its last
  std::int64_t held_back = 0;   // times that next() waited although a sample was ready: the bound's price
  std::int64_t ready = 0;       // prepared and not handed out, now
  std::int64_t preparing = 0;   // in preparation, now
};

// Two lines without a line's end after the second: samples and waits; order, drift by class and its bound. The name of
// a class, e.g. "256 to 511 residues", is given by `class_name`; without it, its number.
std::string describe(const QueueStatistics& statistics,
                     const std::function<std::string(std::int64_t cost_class)>& class_name = {});

}  // namespace foldperf::trainer
