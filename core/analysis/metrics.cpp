#include "core/analysis/metrics.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace foldperf::analysis {
namespace {

struct Mean {
  double sum = 0;
  std::int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
};
using MeanByStep = std::map<std::int64_t, Mean>;

struct Gathered {
  std::map<std::string, MeanByStep> by_chain;  // key "": over all chains, as given
  std::size_t not_finite = 0;
};

std::vector<MetricPoint> points_of(const MeanByStep& means) {
  std::vector<MetricPoint> points;
  points.reserve(means.size());
  for (const auto& [step, mean] : means) points.push_back({step, mean.sum / static_cast<double>(mean.count)});
  return points;
}

std::vector<MetricPoint> mean_of_latest(const std::vector<ChainCurve>& chains) {
  std::map<std::int64_t, std::vector<std::pair<std::size_t, double>>> events;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    for (const MetricPoint& point : chains[i].points) events[point.step].emplace_back(i, point.value);
  }
  std::vector<double> latest(chains.size(), 0);
  std::vector<bool> seen(chains.size(), false);
  std::size_t seen_count = 0;
  std::vector<MetricPoint> mean;
  for (const auto& [step, values] : events) {
    for (const auto& [chain, value] : values) {
      latest[chain] = value;
      if (!seen[chain]) ++seen_count;
      seen[chain] = true;
    }
    if (seen_count < chains.size()) continue;
    double sum = 0;
    for (const double value : latest) sum += value;
    mean.push_back({step, sum / static_cast<double>(chains.size())});
  }
  return mean;
}

}  // namespace

const MetricSeries* MetricAnalysis::find(std::string_view name, std::string_view split) const {
  for (const MetricSeries& one : series) {
    if (one.name == name && one.split == split) return &one;
  }
  return nullptr;
}

MetricAnalysis analyze_metrics(const std::vector<database::MetricRow>& metrics) {
  std::map<std::pair<std::string, std::string>, Gathered> gathered;
  for (const database::MetricRow& metric : metrics) {
    Gathered& to = gathered[{metric.name, metric.split}];
    if (metric.value && std::isfinite(*metric.value)) {
      to.by_chain[metric.chain][metric.step].add(*metric.value);
    } else {
      ++to.not_finite;
    }
  }
  MetricAnalysis analysis;
  for (const auto& [key, from] : gathered) {
    MetricSeries& series = analysis.series.emplace_back();
    series.name = key.first;
    series.split = key.second;
    series.not_finite = from.not_finite;
    MeanByStep over_chains;
    for (const auto& [chain, means] : from.by_chain) {
      if (chain.empty()) {
        series.overall = points_of(means);
        continue;
      }
      ChainCurve& curve = series.chains.emplace_back();
      curve.chain = chain;
      curve.points = points_of(means);
      for (const MetricPoint& point : curve.points) over_chains[point.step].add(point.value);
    }
    if (series.overall.empty()) series.overall = points_of(over_chains);
    if (series.chains.size() >= 2 && series.chains.size() <= chains_followed) {
      series.chain_mean = mean_of_latest(series.chains);
    }
  }
  return analysis;
}

}  // namespace foldperf::analysis
