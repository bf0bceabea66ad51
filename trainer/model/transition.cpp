#include "trainer/model/transition.hpp"

namespace foldperf::trainer {

TransitionImpl::TransitionImpl(std::int64_t c, std::int64_t n) {
  layer_norm_ = register_module("layer_norm", LayerNorm(c));
  linear_1_ = register_module("linear_1", Linear(c, n * c, LinearInit::relu));
  linear_2_ = register_module("linear_2", Linear(n * c, c, LinearInit::final));
}

at::Tensor TransitionImpl::forward(const at::Tensor& x, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const at::Tensor y = linear_2_->forward(linear_1_->forward(layer_norm_->forward(x)).relu_());
  return mask.defined() ? y * mask.unsqueeze(-1) : y;
}

}  // namespace foldperf::trainer
