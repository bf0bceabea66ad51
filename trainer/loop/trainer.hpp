// One model in training: a step, and an evaluation. What happens around them is training_run.hpp's.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trainer/config/trainer_config.hpp"
#include "trainer/graph/graph_cache.hpp"
#include "trainer/loop/arithmetic.hpp"
#include "trainer/loop/batch_source.hpp"
#include "trainer/loop/evaluation.hpp"
#include "trainer/loop/static_batch.hpp"
#include "trainer/loop/step_values.hpp"
#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/memory/device_memory.hpp"
#include "trainer/model/alphafold.hpp"
#include "trainer/optim/adam.hpp"
#include "trainer/optim/exponential_moving_average.hpp"
#include "trainer/optim/lr_schedule.hpp"
#include "trainer/optim/master_weights.hpp"

namespace foldperf::trainer {

// A step that was submitted, its numbers still on their way.
struct PendingStep {
  StepMetrics metrics;  // what is known before: step, learning rate, passes, samples
  std::vector<ValuesOnTheWay> batches;
  ValuesOnTheWay update;
};

class Trainer {
 public:
  // Weights are OpenFold's initialisation under `train.seed`, or those of `train.initial_weights`. `note` is told what
  // people should know: pieces that no CUDA graph can hold. On a CUDA device with graphs every call needs a stream
  // other than the default one (work_stream.hpp).
  Trainer(const TrainerConfig& config, at::Device device, std::function<void(const std::string&)> note = {});

  // Submits forward, loss, backward of each batch, then clipping of the mean gradient, Adam, moving average: each a
  // phase in the profile. Nothing waits for the device; on the CPU all is done on return. Random draws depend on the
  // seed and on the step's number only.
  PendingStep launch(std::int64_t step, const std::vector<TrainingBatch>& batches);
  // Whether a launch broke off while weights, optimiser and averages were being changed: they are of no step then.
  [[nodiscard]] bool is_updating() const { return is_updating_; }
  // Waits for a step's numbers. In the order of launches.
  StepMetrics finish(PendingStep pending);
  // Both, with one batch.
  StepMetrics step(std::int64_t step, const TrainingBatch& batch);

  // What launch would differentiate: float32 gradients by parameter, on the device. Nothing is updated.
  TensorDict gradients(std::int64_t step, const TrainingBatch& batch);

  // evaluate_chains with the averaged weights.
  std::vector<ChainMetrics> evaluate(EvaluationSource& source, const EvaluationListener& listener = {});

  [[nodiscard]] AlphaFold& model() { return model_; }
  // Float32 masters of the model's parameters, under OpenFold's names: what files hold. After changing them: publish().
  [[nodiscard]] const NamedParameters& weights() const { return masters_->masters(); }
  void publish() { masters_->publish(); }
  [[nodiscard]] ExponentialMovingAverage& average() { return *average_; }
  [[nodiscard]] Adam& optimizer() { return *optimizer_; }
  [[nodiscard]] at::Device device() const { return device_; }
  [[nodiscard]] Precision precision() const { return precision_; }
  // Peaks by phase; of steps that were captured in a graph those of the capture.
  [[nodiscard]] DeviceMemory& memory() { return memory_; }
  // Nothing but zeros on a device without graphs, or with train.cuda_graphs = false.
  [[nodiscard]] GraphCounts graph_counts() const { return graphs_ ? graphs_->counts() : GraphCounts{}; }

 private:
  // Adds a batch's gradients to those of the step and gives its batch_values.
  at::Tensor add_gradients(const TensorDict& features, bool first);
  // Gives update_values.
  at::Tensor update(std::size_t batches);
  struct GraphName {
    std::string kind, key;
  };
  // Of add_gradients for batches of that shape.
  [[nodiscard]] GraphName gradients_graph(bool first, const std::string& shape) const;
  at::Tensor run(const std::string& kind, const std::string& key, const std::function<at::Tensor()>& work);

  TrainerConfig config_;
  at::Device device_;
  DeviceMemory memory_;
  Precision precision_;
  AlphaFold model_{nullptr};
  AlphaFoldLoss loss_;
  AlphaFoldLRScheduler schedule_;
  std::unique_ptr<MasterWeights> masters_;
  std::unique_ptr<Adam> optimizer_;
  std::unique_ptr<ExponentialMovingAverage> average_;
  std::vector<std::string> loss_terms_;  // names of the last loss
  bool is_updating_ = false;
  StaticBatches static_batches_;
  std::unique_ptr<GraphCache> graphs_;  // null: every step is launched piece by piece
};

}  // namespace foldperf::trainer
