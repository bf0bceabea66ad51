// Dropout whose mask is shared along one dimension (AlphaFold 2 supplement, section 1.11.6; openfold/model/dropout.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foldperf::trainer {

// Mask of the shape of x, with size 1 in `shared_dim`: 0 with probability `rate`, else 1 / (1 - rate). Drawn from the
// default generator, or replayed from the tape in force (random_tape.hpp).
at::Tensor shared_dropout_mask(const at::Tensor& x, double rate, std::int64_t shared_dim);

// Holds no parameters, so it is no module; the owner says whether it is training.
class SharedDropout {
 public:
  SharedDropout(double rate, std::int64_t shared_dim) : rate_(rate), shared_dim_(shared_dim) {}
  // Every row of a matrix [*, row, column, channel] is dropped alike (OpenFold: DropoutRowwise).
  static SharedDropout rowwise(double rate) { return {rate, -3}; }
  // Every column alike (OpenFold: DropoutColumnwise).
  static SharedDropout columnwise(double rate) { return {rate, -2}; }

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, bool training) const;
  // residual + dropout(update), in one pass.
  [[nodiscard]] at::Tensor add(const at::Tensor& residual, const at::Tensor& update, bool training) const;

 private:
  double rate_;
  std::int64_t shared_dim_;
};

}  // namespace foldperf::trainer
