#include "trainer/model/triangle_attention.hpp"

namespace foldperf::trainer {

TriangleAttentionImpl::TriangleAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads,
                                             bool starting, double inf)
    : starting_(starting), inf_(inf) {
  layer_norm_ = register_module("layer_norm", LayerNorm(c_in));
  linear_ = register_module("linear", Linear(c_in, no_heads, LinearInit::normal, false));
  mha_ = register_module("mha", Attention(c_in, c_in, c_in, c_hidden, no_heads));
}

at::Tensor TriangleAttentionImpl::forward(const at::Tensor& x, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const at::Tensor normed = layer_norm_->forward(x);
  std::vector<at::Tensor> biases;
  if (mask.defined()) {
    const at::Tensor bias = mask_to_bias(mask, inf_);  // [*, I, J] to [*, G, 1, 1, L]
    biases.push_back((starting_ ? bias : bias.transpose(-1, -2)).unsqueeze(-2).unsqueeze(-2));
  }
  biases.push_back(pair_bias(normed, linear_->weight, !starting_));
  return mha_->along(normed, biases, starting_ ? AttentionAxis::within_rows : AttentionAxis::within_columns);
}

at::Tensor pair_bias(const at::Tensor& x, const at::Tensor& weight, bool transposed) {
  // [*, H, N * M]: the product itself puts the heads first.
  const at::Tensor bias =
      at::matmul(weight, x.flatten(-3, -2).transpose(-1, -2)).unflatten(-1, {x.size(-3), x.size(-2)}).unsqueeze(-4);
  return (transposed ? bias.transpose(-1, -2) : bias).contiguous();
}

}  // namespace foldperf::trainer
