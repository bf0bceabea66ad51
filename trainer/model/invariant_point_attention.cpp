#include "trainer/model/invariant_point_attention.hpp"

#include <cmath>

#include "trainer/model/parameter_device.hpp"

namespace foldperf::trainer {

namespace {

constexpr double softplus_inverse_of_1 = 0.541324854612918;

// [*, N, 3, H, P] to [*, N, H, 3 P].
at::Tensor points_by_head(const at::Tensor& points) { return points.transpose(-3, -2).flatten(-2); }

// [*, N, H, C] to [* H, N, C].
at::Tensor heads_first(const at::Tensor& x) { return x.transpose(-2, -3).flatten(0, -3); }

}  // namespace

PointProjectionImpl::PointProjectionImpl(std::int64_t c_in, std::int64_t no_heads, std::int64_t no_points)
    : no_heads_(no_heads),
      no_points_(no_points),
      linear_(register_module("linear", Linear(c_in, 3 * no_heads * no_points))) {}

at::Tensor PointProjectionImpl::forward(const at::Tensor& s, const Rigid& frames) {
  const TraceScope scope(*this);
  // The channels are all x, then all y, then all z: as a matrix [3, points] the frame's rotation applies from the left.
  const at::Tensor local = linear_(s).unflatten(-1, {3, no_heads_ * no_points_});
  const at::Tensor global = precise_matmul(frames.rot, local) + frames.trans.unsqueeze(-1);
  return global.unflatten(-1, {no_heads_, no_points_});
}

InvariantPointAttentionImpl::InvariantPointAttentionImpl(std::int64_t c_s, std::int64_t c_z, std::int64_t c_hidden,
                                                         std::int64_t no_heads, std::int64_t no_qk_points,
                                                         std::int64_t no_v_points, double inf, double eps)
    : c_hidden_(c_hidden),
      no_heads_(no_heads),
      no_qk_points_(no_qk_points),
      no_v_points_(no_v_points),
      inf_(inf),
      eps_(eps),
      linear_q_(register_module("linear_q", Linear(c_s, no_heads * c_hidden))),
      linear_kv_(register_module("linear_kv", Linear(c_s, 2 * no_heads * c_hidden))),
      linear_b_(register_module("linear_b", Linear(c_z, no_heads))),
      linear_out_(
          register_module("linear_out", Linear(no_heads * (c_z + c_hidden + 4 * no_v_points), c_s, LinearInit::final))),
      linear_q_points_(register_module("linear_q_points", PointProjection(c_s, no_heads, no_qk_points))),
      linear_kv_points_(
          register_module("linear_kv_points", PointProjection(c_s, no_heads, no_qk_points + no_v_points))),
      head_weights_(register_parameter("head_weights",
                                       torch::full({no_heads}, softplus_inverse_of_1, ParameterDevice::current()))) {}

InvariantPointAttentionImpl::PairLogits InvariantPointAttentionImpl::pair_logits(const at::Tensor& z,
                                                                                 const at::Tensor& mask) {
  const TraceScope scope(*this);
  const at::Tensor bias = (linear_b_(z) * std::sqrt(1.0 / 3)).movedim(-1, -3).contiguous();
  return {bias, inf_ * (mask.unsqueeze(-1) * mask.unsqueeze(-2) - 1).unsqueeze(-3)};
}

at::Tensor InvariantPointAttentionImpl::attend(const at::Tensor& s, const at::Tensor& z, const Rigid& frames,
                                               const PairLogits& logits) {
  const TraceScope scope(*this);
  // Attention does not depend on where the origin is; with it in the middle of the residues the products below lose
  // least to rounding.
  const Rigid centred{frames.rot, frames.trans - frames.trans.detach().mean(-2, true)};
  const at::Tensor q = linear_q_(s).unflatten(-1, {no_heads_, c_hidden_});
  const at::Tensor kv = linear_kv_(s).unflatten(-1, {no_heads_, 2 * c_hidden_});
  const at::Tensor q_points = points_by_head(linear_q_points_(s, centred));
  const at::Tensor kv_points = linear_kv_points_(s, centred);
  const at::Tensor k_points = points_by_head(kv_points.narrow(-1, 0, no_qk_points_));
  const at::Tensor v_points = points_by_head(kv_points.narrow(-1, no_qk_points_, no_v_points_));

  // -w/2 |q - k|^2 = w q.k - w/2 |q|^2 - w/2 |k|^2: points and squares become channels of one product, instead of a
  // tensor of all pairs of points.
  const at::Tensor weights =
      (at::softplus(head_weights_) * std::sqrt(1.0 / (3 * (static_cast<double>(no_qk_points_) * 9.0 / 2))))
          .unsqueeze(-1);  // [H, 1]
  const at::Tensor q_squares = q_points.square().sum(-1, true) * (weights * -0.5);
  const at::Tensor k_squares = k_points.square().sum(-1, true) * (weights * -0.5);
  const at::Tensor one = at::ones_like(k_squares);
  const at::Tensor queries =
      at::cat({q * std::sqrt(1.0 / (3 * static_cast<double>(c_hidden_))), q_points * weights, q_squares, one}, -1);
  const at::Tensor keys = at::cat({kv.narrow(-1, 0, c_hidden_), k_points, one, k_squares}, -1);
  auto by_head = logits.bias.sizes().vec();  // [*, H, N, N]
  // Squares of coordinates nearly cancel here: not to be rounded to TF32. The mask comes last, as in OpenFold: where a
  // whole row is masked it rounds the logits.
  const at::Tensor products = precise_matmul(heads_first(queries), heads_first(keys).transpose(-1, -2));
  const at::Tensor attention = (products.view(by_head) + logits.bias).add_(logits.mask).softmax(-1);

  const at::Tensor values = at::cat({kv.narrow(-1, c_hidden_, c_hidden_), v_points}, -1);
  by_head.back() = values.size(-1);
  const at::Tensor o = precise_matmul(attention.flatten(0, -3), heads_first(values))
                           .view(by_head)
                           .transpose(-2, -3);  // [*, N, H, C + 3 P]
  const at::Tensor o_scalar = o.narrow(-1, 0, c_hidden_).flatten(-2);

  // Back into the query's frame, as a matrix [3, H P].
  const at::Tensor o_global =
      o.narrow(-1, c_hidden_, 3 * no_v_points_).unflatten(-1, {3, no_v_points_}).transpose(-3, -2).flatten(-2);
  const at::Tensor o_points = precise_matmul(centred.rot.transpose(-1, -2), o_global - centred.trans.unsqueeze(-1));
  const at::Tensor o_norm = at::sqrt(o_points.square().sum(-2) + eps_);
  const at::Tensor o_pair = at::matmul(attention.transpose(-2, -3), z).flatten(-2);

  return linear_out_(at::cat({o_scalar, o_points.flatten(-2), o_norm, o_pair}, -1));
}

at::Tensor InvariantPointAttentionImpl::forward(const at::Tensor& s, const at::Tensor& z, const Rigid& frames,
                                                const at::Tensor& mask) {
  return attend(s, z, frames, pair_logits(z, mask));
}

}  // namespace foldperf::trainer
