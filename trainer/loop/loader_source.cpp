#include "trainer/loop/loader_source.hpp"

#include <sstream>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

LoaderSource::LoaderSource(const DataConfig& config, at::Device device, QueueProgress done) {
  std::vector<ChainSet> sets = training_sets(config);
  for (const ChainSet& set : sets) {
    for (const SkippedEntry& entry : set.catalog.skipped) {
      warnings_.push_back(entry.structure.string() + ": passed over: " + entry.reason);
    }
    for (const std::string& note : set.catalog.notes) warnings_.push_back(set.name + " set: " + note);
  }
  dataset_ = std::make_shared<const ChainDataset>(std::move(sets), config, DataMode::train);
  LoaderOptions options = training_loader_options(config);
  options.done = std::move(done);
  feed_ = std::make_unique<DeviceFeed>(std::make_unique<BatchLoader>(dataset_, options), device);
}

TrainingBatch LoaderSource::next() {
  auto batch = feed_->next();
  if (!batch) throw Error("the loader of training batches ended, though it was asked for batches without end");
  return std::move(*batch);
}

std::vector<std::string> LoaderSource::summary() const {
  std::vector<std::string> lines;
  std::istringstream text(describe(feed_->statistics(), residues_of_class));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (std::string caches = dataset_->cache_summary(); !caches.empty()) lines.push_back(std::move(caches));
  return lines;
}

EvaluationChains::EvaluationChains(const DataConfig& config, at::Device device)
    : options_(evaluation_loader_options(config)), device_(device) {
  std::optional<ChainSet> set = validation_set(config);
  if (!set) return;
  std::vector<ChainSet> sets;
  sets.push_back(std::move(*set));
  dataset_ = std::make_shared<const ChainDataset>(std::move(sets), config, DataMode::eval);
}

std::vector<ChainLength> EvaluationChains::lengths() const {
  std::vector<ChainLength> lengths;
  if (!dataset_) return lengths;
  for (const ChainSource& chain : dataset_->set(0).catalog.chains) lengths.push_back({chain.name, chain.length});
  return lengths;
}

TrainingBatch EvaluationChains::get(std::size_t index) {
  if (index >= size()) throw Error("there is no evaluation chain " + std::to_string(index));
  if (!feed_ || index != expected_) {
    LoaderOptions options = options_;
    options.first_position = static_cast<std::int64_t>(index);
    feed_.reset();
    feed_ = std::make_unique<DeviceFeed>(std::make_unique<BatchLoader>(dataset_, options), device_);
  }
  expected_ = index + 1;
  std::optional<TrainingBatch> batch = feed_->next();
  if (index + 1 == size()) feed_.reset();  // its threads would have nothing to do until the next evaluation
  if (!batch) throw Error("the loader of evaluation chains ended before the last of them");
  return std::move(*batch);
}

}  // namespace foldperf::trainer
