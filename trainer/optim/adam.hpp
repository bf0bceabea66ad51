// Adam (Kingma and Ba 2014) with PyTorch's semantics, all parameters in few fused operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// A model's parameters with their names, in the model's order.
using NamedParameters = std::vector<std::pair<std::string, at::Tensor>>;

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-5;  // OpenFold's
  double weight_decay = 0.0;
};

// Works on parameters of float32 or float64 on one device. A parameter without gradient keeps its value, as one whose
// gradient is zero from the start does. Not thread-safe.
class Adam {
 public:
  explicit Adam(NamedParameters parameters, AdamOptions options = {});

  // One update with the parameters' gradients. The learning rate is read from a tensor on the device, so that a
  // captured graph sees what set_lr wrote. `skip`: scalar float tensor on the parameters' device, or undefined; where
  // it is 1 nothing changes, without waiting for the device to say so (a gradient that is not finite).
  void step(const at::Tensor& skip = {});
  // Drops the gradients.
  void zero_grad();

  void set_lr(double lr);
  [[nodiscard]] double lr() const noexcept { return options_.lr; }
  [[nodiscard]] const NamedParameters& parameters() const noexcept { return parameters_; }

  // exp_avg.<parameter>, exp_avg_sq.<parameter>, step.<parameter> (scalar float32): the tensors themselves, which keep
  // their memory while this lives. To go on from a saved state it is copied into them.
  [[nodiscard]] TensorDict live_state() const;

 private:
  NamedParameters parameters_;
  AdamOptions options_;
  at::Tensor lr_;                    // scalar float32, on the parameters' device
  std::vector<at::Tensor> exp_avg_;  // as parameters_
  std::vector<at::Tensor> exp_avg_sq_;
  std::vector<at::Tensor> steps_;  // one float32 scalar for each parameter
};

}  // namespace foldperf::trainer
