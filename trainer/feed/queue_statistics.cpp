#include "trainer/feed/queue_statistics.hpp"

#include <array>
#include <cstdio>

namespace foldperf::trainer {

namespace {

template <class... Values>
std::string text(const char* pattern, Values... values) {
  std::array<char, 200> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return buffer.data();
}

std::string signed_range(const DriftStatistics& drift) {
  return text("%+.1f (%lld to %+lld)", drift.mean_drift(), static_cast<long long>(drift.earliest),
              static_cast<long long>(drift.latest));
}

std::string waits(const QueueStatistics& statistics) {
  const DriftStatistics& all = statistics.all;
  const auto samples = static_cast<double>(all.samples), waited = static_cast<double>(all.queue_wait_ns);
  std::string line = text("samples: %lld", static_cast<long long>(all.samples));
  if (all.errors > 0) line += text(", of which %lld could not be prepared", static_cast<long long>(all.errors));
  if (all.samples == 0) return line;
  line += text("; waited for each %.3g ms in the mean", waited / samples * 1e-6);
  if (statistics.elapsed_ns > 0) {
    line += text(", %.3g%% of the time", 100 * waited / static_cast<double>(statistics.elapsed_ns));
  }
  return line + text("; preparation took %.3g ms", static_cast<double>(all.prepare_ns) / samples * 1e-6);
}

}  // namespace

std::string describe(const QueueStatistics& statistics,
                     const std::function<std::string(std::int64_t cost_class)>& class_name) {
  std::string report = waits(statistics) + "\norder: ";
  if (statistics.bound == 0) return report + "strict";
  const DriftStatistics& all = statistics.all;
  report += text("%.1f places from their turn in the mean, at most %lld early and %lld late (bound %lld)",
                 all.mean_moved(), static_cast<long long>(-all.earliest), static_cast<long long>(all.latest),
                 static_cast<long long>(statistics.bound));
  if (statistics.by_class.size() < 2) return report;
  report += "; late by, in the mean (from, to)";
  const char* separator = ": ";
  for (const auto& [cost_class, drift] : statistics.by_class) {
    report += separator +
              (class_name ? class_name(cost_class) : text("class %lld", static_cast<long long>(cost_class))) + " " +
              signed_range(drift);
    separator = ", ";
  }
  return report;
}

}  // namespace foldperf::trainer
