#include "trainer/loop/loader_source.hpp"

namespace foldperf::trainer {

LoaderSource::LoaderSource(const DataConfig& config) {
  ChainCatalog catalog = training_chains(config);
  for (const SkippedEntry& entry : catalog.skipped) {
    warnings_.push_back(entry.structure.string() + ": passed over: " + entry.reason);
  }
  dataset_ = std::make_shared<const ChainDataset>(std::move(catalog.chains), config, DataMode::train);
  loader_ = std::make_unique<BatchLoader>(dataset_, training_loader_options(config));
}

TrainingBatch LoaderSource::next() {
  auto batch = loader_->next();
  if (!batch) throw Error("the loader of training batches ended, though it was asked for batches without end");
  return {std::move(batch->features), std::move(batch->fact)};
}

EvaluationChains::EvaluationChains(const DataConfig& config)
    : dataset_(evaluation_chains(config).chains, config, DataMode::eval),
      seed_(static_cast<std::uint64_t>(config.seed)) {}

TrainingBatch EvaluationChains::get(std::size_t index) {
  Batch batch = dataset_.load(index, {seed_, 0, static_cast<std::uint32_t>(index)});
  return {std::move(batch.features), std::move(batch.fact)};
}

}  // namespace foldperf::trainer
