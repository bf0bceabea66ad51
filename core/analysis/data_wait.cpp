#include "core/analysis/data_wait.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace foldperf::analysis {
namespace {

struct Bounds {
  std::int64_t from;
  std::int64_t to;
};

// [1, first), [first, first * factor), ...; {0, 0} for a value that is not known.
Bounds bounds_of(std::int64_t value, std::int64_t first, std::int64_t factor) {
  if (value <= 0) return {0, 0};
  std::int64_t from = 1;
  std::int64_t next = first;
  while (value >= next) {
    from = next;
    if (next > std::numeric_limits<std::int64_t>::max() / factor)
      return {from, std::numeric_limits<std::int64_t>::max()};
    next *= factor;
  }
  return {from, next - 1};
}

std::vector<BatchBin> bin(const std::vector<database::BatchRow>& batches, std::int64_t database::BatchRow::*value,
                          std::int64_t first, std::int64_t factor) {
  struct Samples {
    std::int64_t to = 0;
    std::vector<double> wait, preparation;
  };
  std::map<std::int64_t, Samples> bins;
  for (const database::BatchRow& batch : batches) {
    const Bounds bounds = bounds_of(batch.*value, first, factor);
    Samples& samples = bins[bounds.from];
    samples.to = bounds.to;
    samples.wait.push_back(static_cast<double>(batch.queue_wait_ns));
    samples.preparation.push_back(static_cast<double>(batch.preparation_ns));
  }
  std::vector<BatchBin> result;
  for (auto& [from, samples] : bins) {
    BatchBin& added = result.emplace_back();
    added.from = from;
    added.to = samples.to;
    added.wait_ns = summarize(std::move(samples.wait));
    added.preparation_ns = summarize(std::move(samples.preparation));
  }
  return result;
}

}  // namespace

DataAnalysis analyze_data(const std::vector<database::BatchRow>& batches) {
  DataAnalysis analysis;
  std::vector<double> wait;
  std::vector<double> preparation;
  std::map<std::string, std::vector<double>> stages;
  for (const database::BatchRow& batch : batches) {
    wait.push_back(static_cast<double>(batch.queue_wait_ns));
    preparation.push_back(static_cast<double>(batch.preparation_ns));
    for (const auto& [stage, ns] : batch.preparation_stage_ns) stages[stage].push_back(static_cast<double>(ns));
  }
  analysis.wait_ns = summarize(std::move(wait));
  analysis.preparation_ns = summarize(std::move(preparation));
  analysis.by_length = bin(batches, &database::BatchRow::length, 16, 2);
  analysis.by_depth = bin(batches, &database::BatchRow::alignment_depth, 2, 4);
  for (auto& [stage, sample] : stages) analysis.stages.push_back({stage, summarize(std::move(sample))});
  std::stable_sort(analysis.stages.begin(), analysis.stages.end(),
                   [](const PreparationStage& a, const PreparationStage& b) { return a.ns.sum > b.ns.sum; });
  return analysis;
}

}  // namespace foldperf::analysis
