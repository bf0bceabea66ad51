// Triangle self-attention of the pair representation x [*, I, J, c]: algorithm 13 (around the starting node: along
// rows) and 14 (around the ending node: along columns) (openfold/model/triangular_attention.py).
#pragma once

#include "trainer/model/attention.hpp"

namespace foldperf::trainer {

// Parameters: layer_norm, linear, mha.
class TriangleAttentionImpl : public TracedModule {
 public:
  TriangleAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, bool starting,
                        double inf = 1e9);
  // mask [*, I, J] or undefined (all ones); gives [*, I, J, c].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask);

 private:
  bool starting_;
  double inf_;
  LayerNorm layer_norm_{nullptr};
  Linear linear_{nullptr};
  Attention mha_{nullptr};
};
TORCH_MODULE(TriangleAttention);

class TriangleAttentionStartingNodeImpl : public TriangleAttentionImpl {
 public:
  TriangleAttentionStartingNodeImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, double inf = 1e9)
      : TriangleAttentionImpl(c_in, c_hidden, no_heads, true, inf) {}
};
TORCH_MODULE(TriangleAttentionStartingNode);

class TriangleAttentionEndingNodeImpl : public TriangleAttentionImpl {
 public:
  TriangleAttentionEndingNodeImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, double inf = 1e9)
      : TriangleAttentionImpl(c_in, c_hidden, no_heads, false, inf) {}
};
TORCH_MODULE(TriangleAttentionEndingNode);

// Bias of the logits from a pair representation: weight [H, c] and x [*, N, M, c] give [*, 1, H, N, M], or
// [*, 1, H, M, N] when `transposed`, without an intermediate in the other order.
at::Tensor pair_bias(const at::Tensor& x, const at::Tensor& weight, bool transposed);

}  // namespace foldperf::trainer
