// Clipping of gradients by their global norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace foldperf::trainer {

struct ClippedNorm {
  at::Tensor norm;  // scalar: Euclidean norm of all gradients together, before clipping
  at::Tensor
      not_finite;  // scalar float32: 1 where the norm is NaN or infinite, else 0. What Adam::step takes as `skip`
};

// Scales the gradients of the parameters so that their global norm is at most `max_norm`, as torch.nn.utils.
// clip_grad_norm_: factor min(1, max_norm / (norm + 1e-6)). Gradients whose norm is not finite become NaN: the step
// must be skipped. Parameters without gradient do not count. A max_norm of 0 or less measures only. Does not wait for
// the device.
ClippedNorm clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm);

}  // namespace foldperf::trainer
