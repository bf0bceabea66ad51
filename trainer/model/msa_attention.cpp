#include "trainer/model/msa_attention.hpp"

#include "trainer/model/inference_slices.hpp"
#include "trainer/model/triangle_attention.hpp"

namespace foldperf::trainer {

MsaAttentionImpl::MsaAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, std::int64_t c_z,
                                   double inf, AttentionAxis axis)
    : inf_(inf), axis_(axis) {
  layer_norm_m_ = register_module("layer_norm_m", LayerNorm(c_in));
  if (c_z > 0) {
    layer_norm_z_ = register_module("layer_norm_z", LayerNorm(c_z));
    linear_z_ = register_module("linear_z", Linear(c_z, no_heads, LinearInit::normal, false));
  }
  mha_ = register_module("mha", Attention(c_in, c_in, c_in, c_hidden, no_heads));
}

at::Tensor MsaAttentionImpl::forward(const at::Tensor& m, const at::Tensor& z, const at::Tensor& mask) {
  const TraceScope trace(*this);
  std::vector<at::Tensor> biases;
  if (mask.defined()) {
    // [*, G, 1, 1, L]: one row of the bias for each group that attends.
    const at::Tensor bias = mask_to_bias(mask, inf_);
    biases.push_back((axis_ == AttentionAxis::within_rows ? bias : bias.transpose(-1, -2)).unsqueeze(-2).unsqueeze(-2));
  }
  if (linear_z_) biases.push_back(pair_bias(layer_norm_z_->forward(z), linear_z_->weight, false));
  return mha_->along(layer_norm_m_->forward(m), biases, axis_);
}

MsaColumnAttentionImpl::MsaColumnAttentionImpl(std::int64_t c_m, std::int64_t c_hidden, std::int64_t no_heads,
                                               double inf) {
  msa_att_ = register_module("_msa_att", MsaAttention(c_m, c_hidden, no_heads, 0, inf, AttentionAxis::within_columns));
}

at::Tensor MsaColumnAttentionImpl::forward(const at::Tensor& m, const at::Tensor& mask) {
  const TraceScope trace(*this);
  return msa_att_->forward(m, {}, mask);
}

MsaColumnGlobalAttentionImpl::MsaColumnGlobalAttentionImpl(std::int64_t c_in, std::int64_t c_hidden,
                                                           std::int64_t no_heads, double inf, double eps) {
  layer_norm_m_ = register_module("layer_norm_m", LayerNorm(c_in));
  global_attention_ = register_module("global_attention", GlobalAttention(c_in, c_hidden, no_heads, inf, eps));
}

at::Tensor MsaColumnGlobalAttentionImpl::forward(const at::Tensor& m, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const at::Tensor counted =
      mask.defined() ? mask : at::ones(m.sizes().slice(0, m.sizes().size() - 1), m.options().requires_grad(false));
  // Of a column: m normed and masked, keys and values, the gates and their product with the result.
  const std::int64_t columns = m.size(-2), each = m.numel() / std::max<std::int64_t>(columns, 1) * 6;
  return in_slices(columns, rows_at_once(columns, each, m), -2, [&](std::int64_t first, std::int64_t size) {
    return global_attention_->forward(layer_norm_m_->forward(rows_of(m, -2, first, size)),
                                      rows_of(counted, -1, first, size));
  });
}

}  // namespace foldperf::trainer
