// One model in training: a step, and an evaluation. What happens around them is training_run.hpp's.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "trainer/config/trainer_config.hpp"
#include "trainer/loop/batch_source.hpp"
#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/model/alphafold.hpp"
#include "trainer/optim/adam.hpp"
#include "trainer/optim/exponential_moving_average.hpp"
#include "trainer/optim/lr_schedule.hpp"

namespace foldperf::trainer {

struct StepMetrics {
  std::int64_t step = 0;
  double loss = 0;           // what was differentiated
  double unscaled_loss = 0;  // weighted sum of the terms
  std::map<std::string, double> terms;
  std::vector<std::string> nonfinite_terms;  // counted as 0
  double gradient_norm = 0;                  // before clipping
  bool skipped = false;                      // the norm was not finite: weights unchanged
  double learning_rate = 0;
  double lddt_ca = 0;  // of the training crop, dropout on; NaN where the crop has no two resolved CA atoms
  double drmsd_ca = 0;
  std::int64_t passes = 1;  // recycling passes made
};

struct ChainMetrics {
  std::string chain;  // empty: mean over the chains
  std::int64_t length = 0;
  std::map<std::string, double> values;  // lddt_ca, drmsd_ca, alignment_rmsd, gdt_ts, gdt_ha; NaN: nothing to compare
};

// "auto" is the first CUDA device, else the CPU. Throws SystemError when cuda is asked for and there is none.
at::Device choose_device(const std::string& name);

class Trainer {
 public:
  // Weights are OpenFold's initialisation under `train.seed`, or those of `train.initial_weights`.
  Trainer(const TrainerConfig& config, at::Device device);

  // Forward, loss, backward, clip, Adam, moving average, each a phase in the profile. The device is waited for once, to
  // read the metrics. Random draws depend on the seed and on the step's number only.
  StepMetrics step(std::int64_t step, const TrainingBatch& batch);

  // Every chain of the source, with the averaged weights, without dropout; the last entry is the mean over the chains
  // that have two resolved CA atoms to compare. `stop` is asked before each chain: where it says so, the chains so far
  // are returned, without a mean.
  std::vector<ChainMetrics> evaluate(EvaluationSource& source, const std::function<bool()>& stop = {});

  [[nodiscard]] AlphaFold& model() { return model_; }
  [[nodiscard]] const ExponentialMovingAverage& average() const { return *average_; }
  [[nodiscard]] Adam& optimizer() { return *optimizer_; }
  [[nodiscard]] at::Device device() const { return device_; }

 private:
  [[nodiscard]] TensorDict to_device(const TensorDict& features) const;

  TrainerConfig config_;
  at::Device device_;
  AlphaFold model_{nullptr};
  AlphaFoldLoss loss_;
  AlphaFoldLRScheduler schedule_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<Adam> optimizer_;
  std::unique_ptr<ExponentialMovingAverage> average_;
};

}  // namespace foldperf::trainer
