#include "core/analysis/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace foldperf::analysis {

double percentile(const std::vector<double>& sorted, double fraction) {
  const double position = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

Summary summarize(std::vector<double> sample) {
  Summary summary;
  if (sample.empty()) return summary;
  std::sort(sample.begin(), sample.end());
  summary.count = sample.size();
  summary.sum = std::accumulate(sample.begin(), sample.end(), 0.0);
  summary.mean = summary.sum / static_cast<double>(sample.size());
  summary.min = sample.front();
  summary.p10 = percentile(sample, 0.1);
  summary.median = percentile(sample, 0.5);
  summary.p90 = percentile(sample, 0.9);
  summary.max = sample.back();
  return summary;
}

}  // namespace foldperf::analysis
