#include "trainer/optim/clip.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace foldperf::trainer {

ClippedNorm clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) {
    const at::Tensor zero = at::zeros({}, parameters.empty() ? at::TensorOptions() : parameters.front().options());
    return {.norm = zero, .not_finite = zero.to(at::kFloat)};
  }
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  if (max_norm > 0) at::_foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_max(1.0));
  return {.norm = norm, .not_finite = norm.isfinite().logical_not().to(at::kFloat)};
}

}  // namespace foldperf::trainer
