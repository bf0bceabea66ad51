// The loop's batches from trainer/data.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/data/batch_loader.hpp"
#include "trainer/loop/batch_source.hpp"
#include "trainer/loop/device_feed.hpp"

namespace foldperf::trainer {

// Training batches on the device, prepared ahead on the loader's threads. Samples of `done` are left out: those that a
// run which is gone on with has trained on. Throws as training_sets.
class LoaderSource : public BatchSource {
 public:
  explicit LoaderSource(const DataConfig& config, at::Device device = at::kCPU, QueueProgress done = {});
  TrainingBatch next() override;

  [[nodiscard]] std::size_t chains() const override { return dataset_->size(); }
  // What was left out and why: entries without a protein chain, chains that a filter keeps out.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // How the loader did so far, in lines: waiting, drift, what was found in memory.
  [[nodiscard]] std::vector<std::string> summary() const;

 private:
  std::vector<std::string> warnings_;
  std::shared_ptr<const ChainDataset> dataset_;
  std::unique_ptr<DeviceFeed> feed_;
};

// The evaluation chains; the same features at every evaluation. Throws as validation_set.
class EvaluationChains : public EvaluationSource {
 public:
  explicit EvaluationChains(const DataConfig& config, at::Device device = at::kCPU);
  [[nodiscard]] std::size_t size() const override { return dataset_ ? dataset_->size() : 0; }
  // Chains asked for one after the other are prepared ahead.
  TrainingBatch get(std::size_t index) override;
  [[nodiscard]] std::vector<ChainLength> lengths() const override;

 private:
  LoaderOptions options_;
  at::Device device_;
  std::shared_ptr<const ChainDataset> dataset_;  // null where there is nothing to evaluate on
  std::unique_ptr<DeviceFeed> feed_;             // of a pass that goes on
  std::size_t expected_ = 0;                     // the chain that feed_ gives next
};

}  // namespace foldperf::trainer
