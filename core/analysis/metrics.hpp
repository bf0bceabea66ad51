// Curves of what the program measured: loss and its terms, lDDT-Ca, gradient norm, learning rate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/database/reader.hpp"

namespace foldperf::analysis {

struct MetricPoint {
  std::int64_t step = 0;
  double value = 0;
};

struct ChainCurve {
  std::string chain;
  std::vector<MetricPoint> points;  // by step
};

// One metric of one split. Values of several ranks at one step are averaged; values that are not finite are counted and
// left out.
struct MetricSeries {
  std::string name;
  std::string split;  // "train", "eval", or empty
  // What the program gave over all chains; where it gave values of single chains only, the mean of those of each step.
  std::vector<MetricPoint> overall;
  std::vector<ChainCurve> chains;  // by name
  // The mean over chains of each chain's latest value, from the step at which every chain has one: comparable from
  // step to step even where each step sees other chains. Empty with fewer than two chains, or with more than
  // chains_followed (each of which is then seen too rarely).
  std::vector<MetricPoint> chain_mean;
  std::size_t not_finite = 0;
};
inline constexpr std::size_t chains_followed = 64;

struct MetricAnalysis {
  std::vector<MetricSeries> series;  // by name, then split
  // nullptr where there is none.
  [[nodiscard]] const MetricSeries* find(std::string_view name, std::string_view split) const;
};

MetricAnalysis analyze_metrics(const std::vector<database::MetricRow>& metrics);

}  // namespace foldperf::analysis
