#include "trainer/loss/gradient_gate.hpp"

#include <ATen/ATen.h>

namespace foldperf::trainer {

at::Tensor GradientGate::admit(const at::Tensor& input) const {
  at::Tensor alias = input.view_as(input);
  if (alias.requires_grad()) {
    alias.register_hook([finite = finite_](const at::Tensor& gradient) { return at::where(*finite, gradient, 0.0); });
  }
  return alias;
}

at::Tensor GradientGate::close(const at::Tensor& term) {
  *finite_ = term.detach().isfinite();
  return at::where(*finite_, term, 0.0);
}

}  // namespace foldperf::trainer
