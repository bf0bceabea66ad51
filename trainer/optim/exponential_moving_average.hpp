// Exponential moving average of a model's parameters (OpenFold utils/exponential_moving_average.py), with which it is
// evaluated.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/optim/adam.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// average <- average - (1 - decay) x (average - parameter). Our trainer updates it after each step of the optimiser.
// OpenFold's Lightning hook updates before the gradients are zeroed, so that its average lags one step behind ours.
class ExponentialMovingAverage {
 public:
  // Starts from copies of the parameters.
  ExponentialMovingAverage(NamedParameters parameters, double decay);

  // One step towards the parameters as they are now.
  void update();

  // Exchanges the averages with the model's parameters: call it before and after an evaluation. The tensors exchange
  // their memory, so nothing is copied and nothing can fail; work that was captured in a CUDA graph with the
  // parameters' addresses must not be run in between.
  void swap() noexcept;

  // The averages by parameter name: copies on the CPU.
  [[nodiscard]] TensorDict state() const;
  // The averages themselves: they keep their memory while this lives.
  [[nodiscard]] TensorDict live_state() const;

 private:
  NamedParameters parameters_;
  std::vector<at::Tensor> averages_;  // as parameters_
  double decay_;
};

// Exchanges averages and parameters for the life of the object.
class AveragedWeights {
 public:
  explicit AveragedWeights(ExponentialMovingAverage& average) : average_(average) { average_.swap(); }
  ~AveragedWeights() { average_.swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  ExponentialMovingAverage& average_;
};

}  // namespace foldperf::trainer
