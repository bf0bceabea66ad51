// The batches of a step, from samples that come one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/config/trainer_config.hpp"
#include "trainer/loop/batch_source.hpp"

namespace foldperf::trainer {

class StepBatches {
 public:
  StepBatches(const TrainerConfig& config, BatchSource& source) : config_(config), source_(source) {}

  // train.accumulate_grad_batches batches of train.batch_size samples. With more than one sample a step all of them
  // make as many recycling passes, drawn by seed and step (OpenFold draws the number for a batch, too); a single sample
  // comes with its own number.
  std::vector<TrainingBatch> next(std::int64_t step);

 private:
  const TrainerConfig& config_;
  BatchSource& source_;
};

}  // namespace foldperf::trainer
