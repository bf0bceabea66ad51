// Invariant point attention (AlphaFold 2 supplement, algorithm 22; openfold/model/structure_module.py: PointProjection,
// InvariantPointAttention).
#pragma once

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

// Points in the residues' local frames, taken to the global one. Parameters: linear.
class PointProjectionImpl : public TracedModule {
 public:
  PointProjectionImpl(std::int64_t c_in, std::int64_t no_heads, std::int64_t no_points);
  // s [*, N, c_in], frames [*, N]; gives [*, N, 3, no_heads, no_points]: coordinates first, as the linear layer has
  // them.
  at::Tensor forward(const at::Tensor& s, const Rigid& frames);

 private:
  std::int64_t no_heads_;
  std::int64_t no_points_;
  Linear linear_{nullptr};
};
TORCH_MODULE(PointProjection);

// Parameters: linear_q, linear_kv, linear_q_points, linear_kv_points, linear_b, linear_out, head_weights [no_heads].
class InvariantPointAttentionImpl : public TracedModule {
 public:
  InvariantPointAttentionImpl(std::int64_t c_s, std::int64_t c_z, std::int64_t c_hidden, std::int64_t no_heads,
                              std::int64_t no_qk_points, std::int64_t no_v_points, double inf = 1e5, double eps = 1e-8);

  // s [*, N, c_s], z [*, N, N, c_z], frames [*, N], mask [*, N]; gives the update of s, [*, N, c_s].
  at::Tensor forward(const at::Tensor& s, const at::Tensor& z, const Rigid& frames, const at::Tensor& mask);

  // The part of the logits that does not change over the blocks of the structure module, which share weights.
  struct PairLogits {
    at::Tensor bias;  // [*, H, N, N]
    at::Tensor mask;  // [*, 1, N, N]
  };
  PairLogits pair_logits(const at::Tensor& z, const at::Tensor& mask);
  // forward, given that part.
  at::Tensor attend(const at::Tensor& s, const at::Tensor& z, const Rigid& frames, const PairLogits& logits);

 private:
  std::int64_t c_hidden_;
  std::int64_t no_heads_;
  std::int64_t no_qk_points_;
  std::int64_t no_v_points_;
  double inf_;
  double eps_;
  Linear linear_q_{nullptr}, linear_kv_{nullptr}, linear_b_{nullptr}, linear_out_{nullptr};
  PointProjection linear_q_points_{nullptr}, linear_kv_points_{nullptr};
  torch::Tensor head_weights_;
};
TORCH_MODULE(InvariantPointAttention);

}  // namespace foldperf::trainer
