#include "trainer/model/attention.hpp"

#include <cmath>

#include "trainer/model/attention_core.hpp"
#include "trainer/model/inference_slices.hpp"

namespace foldperf::trainer {

at::Tensor mask_to_bias(const at::Tensor& mask, double inf) { return (mask - 1).mul_(inf); }

AttentionImpl::AttentionImpl(std::int64_t c_q, std::int64_t c_k, std::int64_t c_v, std::int64_t c_hidden,
                             std::int64_t no_heads, bool gating)
    : c_hidden_(c_hidden), no_heads_(no_heads) {
  const std::int64_t width = c_hidden * no_heads;
  linear_q_ = register_module("linear_q", Linear(c_q, width, LinearInit::glorot, false));
  linear_k_ = register_module("linear_k", Linear(c_k, width, LinearInit::glorot, false));
  linear_v_ = register_module("linear_v", Linear(c_v, width, LinearInit::glorot, false));
  linear_o_ = register_module("linear_o", Linear(width, c_q, LinearInit::final));
  if (gating) linear_g_ = register_module("linear_g", Linear(c_q, width, LinearInit::gating));
}

at::Tensor AttentionImpl::forward(const at::Tensor& q_x, const at::Tensor& kv_x,
                                  const std::vector<at::Tensor>& biases) {
  const TraceScope trace(*this);
  // [*, H, Q or K, C]
  const auto heads = [&](const at::Tensor& x) { return x.unflatten(-1, {no_heads_, c_hidden_}).transpose(-2, -3); };
  const at::Tensor o =
      attention_core(heads(linear_q_->forward(q_x)), heads(linear_k_->forward(kv_x)), heads(linear_v_->forward(kv_x)),
                     biases, 1 / std::sqrt(static_cast<double>(c_hidden_)));
  return project_output(o.transpose(-2, -3), q_x);
}

at::Tensor AttentionImpl::along(const at::Tensor& x, const std::vector<at::Tensor>& biases, AttentionAxis axis) {
  const TraceScope trace(*this);
  const bool columns = axis == AttentionAxis::within_columns;
  const std::int64_t dim = columns ? -2 : -3, groups = x.size(dim), length = x.size(columns ? -3 : -2);
  // Projections twice (as they come, and in the product's order), logits, result and gate.
  const std::int64_t each = no_heads_ * (9 * c_hidden_ + length) * length;
  const std::int64_t batch = c10::multiply_integers(x.sizes().slice(0, static_cast<std::size_t>(x.dim() - 3)));
  return in_slices(groups, rows_at_once(groups, batch * each, x), dim, [&](std::int64_t first, std::int64_t size) {
    std::vector<at::Tensor> biases_here;
    for (const at::Tensor& bias : biases) biases_here.push_back(rows_of(bias, -4, first, size));
    return attend_along(rows_of(x, dim, first, size), biases_here, axis);
  });
}

at::Tensor AttentionImpl::attend_along(const at::Tensor& x, const std::vector<at::Tensor>& biases, AttentionAxis axis) {
  // One product for the three projections.
  const at::Tensor weight = at::cat({linear_q_->weight, linear_k_->weight, linear_v_->weight});
  const at::Tensor qkv = at::linear(x, weight).unflatten(-1, {3, no_heads_, c_hidden_});
  return project_output(attention_core_packed(qkv, biases, 1 / std::sqrt(static_cast<double>(c_hidden_)),
                                              axis == AttentionAxis::within_columns),
                        x);
}

// o [*, Q, H, C] (any strides), q_x [*, Q, c_q]
at::Tensor AttentionImpl::project_output(const at::Tensor& o, const at::Tensor& q_x) {
  if (!linear_g_) return linear_o_->forward(o.flatten(-2));
  const at::Tensor gate = linear_g_->forward(q_x).sigmoid_();
  // The gate comes first so that the product has its memory order, and flattening is free.
  return linear_o_->forward((gate.unflatten(-1, {no_heads_, c_hidden_}) * o).flatten(-2));
}

GlobalAttentionImpl::GlobalAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, double inf,
                                         double eps)
    : c_hidden_(c_hidden), no_heads_(no_heads), inf_(inf), eps_(eps) {
  const std::int64_t width = c_hidden * no_heads;
  linear_q_ = register_module("linear_q", Linear(c_in, width, LinearInit::glorot, false));
  linear_k_ = register_module("linear_k", Linear(c_in, c_hidden, LinearInit::glorot, false));
  linear_v_ = register_module("linear_v", Linear(c_in, c_hidden, LinearInit::glorot, false));
  linear_g_ = register_module("linear_g", Linear(c_in, width, LinearInit::gating));
  linear_o_ = register_module("linear_o", Linear(width, c_in, LinearInit::final));
}

at::Tensor GlobalAttentionImpl::forward(const at::Tensor& m, const at::Tensor& mask) {
  const TraceScope trace(*this);
  // Mean of the sequences that count, [*, N, c_in]. bfloat16 would count no further than 256.
  const at::ScalarType wide = at::promote_types(m.scalar_type(), at::kFloat);
  const at::Tensor mean =
      ((m * mask.unsqueeze(-1)).sum(-3, false, wide) / (mask.sum(-2, false, wide).unsqueeze(-1) + eps_))
          .to(m.scalar_type());
  // The heads are the queries of each column: [*, N, H, C] against keys and values [*, N, S, C].
  const at::Tensor q = linear_q_->forward(mean).unflatten(-1, {no_heads_, c_hidden_});
  const std::vector<at::Tensor> kv =
      at::linear(m, at::cat({linear_k_->weight, linear_v_->weight})).transpose(-2, -3).chunk(2, -1);
  const at::Tensor bias = mask_to_bias(mask, inf_).transpose(-1, -2).unsqueeze(-2);  // [*, N, 1, S]
  const at::Tensor o = attention_core(q, kv[0], kv[1], {bias}, 1 / std::sqrt(static_cast<double>(c_hidden_)));
  const at::Tensor gate = linear_g_->forward(m).sigmoid_();  // [*, S, N, H * C]
  return linear_o_->forward(gate * o.flatten(-2).unsqueeze(-3));
}

}  // namespace foldperf::trainer
