// Multi-head attention with gate and additive biases, and the global attention of the extra-MSA stack
// (openfold/model/primitives.py: Attention, GlobalAttention).
#pragma once

#include <vector>

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Over which of the two position dimensions of [*, R, S, c] attention runs.
enum class AttentionAxis {
  within_rows,     // each of the R rows attends over its S positions
  within_columns,  // each of the S columns attends over its R positions
};

// inf * (mask - 1): 0 where the mask is 1, -inf (a large finite number) where it is 0. A row that is masked everywhere
// so gets the same number added to every logit, and attends uniformly, as in OpenFold.
at::Tensor mask_to_bias(const at::Tensor& mask, double inf);

// Parameters: linear_q, linear_k, linear_v (no bias), linear_o, linear_g (only with gating).
class AttentionImpl : public TracedModule {
 public:
  AttentionImpl(std::int64_t c_q, std::int64_t c_k, std::int64_t c_v, std::int64_t c_hidden, std::int64_t no_heads,
                bool gating = true);

  // q_x [*, Q, c_q], kv_x [*, K, c_k], biases that broadcast to [*, H, Q, K]; gives [*, Q, c_q].
  at::Tensor forward(const at::Tensor& q_x, const at::Tensor& kv_x, const std::vector<at::Tensor>& biases);

  // Self-attention along one axis of x [*, R, S, c] without transposing it: with G groups of L positions (R, S within
  // rows; S, R within columns) the biases broadcast to [*, G, H, L, L]. Gives [*, R, S, c].
  at::Tensor along(const at::Tensor& x, const std::vector<at::Tensor>& biases, AttentionAxis axis);

 private:
  // `along` for all groups of x at once.
  at::Tensor attend_along(const at::Tensor& x, const std::vector<at::Tensor>& biases, AttentionAxis axis);
  at::Tensor project_output(const at::Tensor& o, const at::Tensor& q_x);

  std::int64_t c_hidden_;
  std::int64_t no_heads_;
  Linear linear_q_{nullptr}, linear_k_{nullptr}, linear_v_{nullptr}, linear_o_{nullptr}, linear_g_{nullptr};
};
TORCH_MODULE(Attention);

// One query a column, the mean of its sequences; one key and value head (algorithm 19, MSAColumnGlobalAttention).
// Parameters: linear_q, linear_k, linear_v (no bias), linear_g, linear_o.
class GlobalAttentionImpl : public TracedModule {
 public:
  GlobalAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, double inf, double eps);

  // m [*, S, N, c_in] and mask [*, S, N]: each of the N columns attends over its S sequences. Gives [*, S, N, c_in].
  at::Tensor forward(const at::Tensor& m, const at::Tensor& mask);

 private:
  std::int64_t c_hidden_;
  std::int64_t no_heads_;
  double inf_;
  double eps_;
  Linear linear_q_{nullptr}, linear_k_{nullptr}, linear_v_{nullptr}, linear_g_{nullptr}, linear_o_{nullptr};
};
TORCH_MODULE(GlobalAttention);

}  // namespace foldperf::trainer
