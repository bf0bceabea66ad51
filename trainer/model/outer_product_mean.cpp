#include "trainer/model/outer_product_mean.hpp"

namespace foldperf::trainer {

OuterProductMeanImpl::OuterProductMeanImpl(std::int64_t c_m, std::int64_t c_z, std::int64_t c_hidden, double eps)
    : eps_(eps) {
  layer_norm_ = register_module("layer_norm", LayerNorm(c_m));
  linear_1_ = register_module("linear_1", Linear(c_m, c_hidden));
  linear_2_ = register_module("linear_2", Linear(c_m, c_hidden));
  linear_out_ = register_module("linear_out", Linear(c_hidden * c_hidden, c_z, LinearInit::final));
}

at::Tensor OuterProductMeanImpl::forward(const at::Tensor& m, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const at::Tensor normed = layer_norm_->forward(m);
  at::Tensor a = linear_1_->forward(normed);  // [*, S, N, C]
  at::Tensor b = linear_2_->forward(normed);
  at::Tensor count;  // [*, N, N, 1]
  if (mask.defined()) {
    const at::Tensor mask_column = mask.unsqueeze(-1);
    a = a * mask_column;
    b = b * mask_column;
    count = at::matmul(mask.transpose(-1, -2), mask).add_(eps_).unsqueeze_(-1);
  }
  const std::int64_t n = a.size(-2), c = a.size(-1);
  // All outer products as one matrix product over the sequences: [*, N * C, N * C].
  const at::Tensor products = at::matmul(a.flatten(-2).transpose(-1, -2), b.flatten(-2));
  const at::Tensor outer = products.unflatten(-1, {n, c}).unflatten(-3, {n, c}).transpose(-2, -3).flatten(-2);
  const at::Tensor z = linear_out_->forward(outer);
  return count.defined() ? z / count : z / (static_cast<double>(m.size(-3)) + eps_);
}

}  // namespace foldperf::trainer
