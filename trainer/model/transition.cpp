#include "trainer/model/transition.hpp"

#include "trainer/model/inference_slices.hpp"

namespace foldperf::trainer {

TransitionImpl::TransitionImpl(std::int64_t c, std::int64_t n) {
  layer_norm_ = register_module("layer_norm", LayerNorm(c));
  linear_1_ = register_module("linear_1", Linear(c, n * c, LinearInit::relu));
  linear_2_ = register_module("linear_2", Linear(n * c, c, LinearInit::final));
}

at::Tensor TransitionImpl::forward(const at::Tensor& x, const at::Tensor& mask) {
  const TraceScope trace(*this);
  if (x.dim() < 3) return transform(x, mask);
  // Of a row: x normed, the hidden layer, the result.
  const std::int64_t rows = x.size(-3), width = linear_1_->weight.size(0) + 2 * x.size(-1);
  const std::int64_t each = x.numel() / std::max<std::int64_t>(rows * x.size(-1), 1) * width;
  return in_slices(rows, rows_at_once(rows, each, x), -3, [&](std::int64_t first, std::int64_t size) {
    return transform(rows_of(x, -3, first, size), mask.defined() ? rows_of(mask, -2, first, size) : mask);
  });
}

at::Tensor TransitionImpl::transform(const at::Tensor& x, const at::Tensor& mask) {
  const at::Tensor y = linear_2_->forward(linear_1_->forward(layer_norm_->forward(x)).relu_());
  return mask.defined() ? y * mask.unsqueeze(-1) : y;
}

}  // namespace foldperf::trainer
