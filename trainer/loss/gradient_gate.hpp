// Drops a loss term that is not finite, with its gradient, without waiting for the device to say so.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

namespace foldperf::trainer {

// OpenFold looks at each term and leaves a bad one out of the graph, which costs a wait for the device a term. Here the
// term stays in the graph, and a hook at each of its inputs replaces the gradient by zeros where the term was not
// finite (multiplying by zero would not do: 0 x NaN is NaN).
class GradientGate {
 public:
  // The same values, behind the gate.
  at::Tensor admit(const at::Tensor& input) const;
  // The term, or 0 where it is not finite; decides what the gate lets through. Call once, before backward.
  at::Tensor close(const at::Tensor& term);
  [[nodiscard]] const at::Tensor& finite() const { return *finite_; }  // scalar bool, after close

 private:
  std::shared_ptr<at::Tensor> finite_ = std::make_shared<at::Tensor>();
};

}  // namespace foldperf::trainer
