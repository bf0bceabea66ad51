// The loop's batches from trainer/data.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/data/batch_loader.hpp"
#include "trainer/loop/batch_source.hpp"

namespace foldperf::trainer {

// Training batches, prepared ahead on the loader's threads. Throws as training_chains.
class LoaderSource : public BatchSource {
 public:
  explicit LoaderSource(const DataConfig& config);
  TrainingBatch next() override;

  [[nodiscard]] std::size_t chains() const { return dataset_->size(); }
  // One line for every entry that has no protein chain.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<std::string> warnings_;
  std::shared_ptr<const ChainDataset> dataset_;
  std::unique_ptr<BatchLoader> loader_;
};

// The evaluation chains; the same features at every evaluation. Throws as evaluation_chains.
class EvaluationChains : public EvaluationSource {
 public:
  explicit EvaluationChains(const DataConfig& config);
  [[nodiscard]] std::size_t size() const override { return dataset_.size(); }
  TrainingBatch get(std::size_t index) override;

 private:
  ChainDataset dataset_;
  std::uint64_t seed_;
};

}  // namespace foldperf::trainer
