// Triangle multiplicative updates of the pair representation z [*, N, N, c_z]: algorithm 11 (outgoing edges) and 12
// (incoming) (openfold/model/triangular_multiplicative_update.py).
#pragma once

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: linear_g, linear_z, layer_norm_in, layer_norm_out, linear_a_p, linear_a_g, linear_b_p, linear_b_g.
class TriangleMultiplicationImpl : public TracedModule {
 public:
  TriangleMultiplicationImpl(std::int64_t c_z, std::int64_t c_hidden, bool outgoing);
  // mask [*, N, N] or undefined (all ones); gives [*, N, N, c_z].
  at::Tensor forward(const at::Tensor& z, const at::Tensor& mask);

 private:
  // a and b of the algorithm, channels first, those of channels `first` to `first + size`: [B, 2 * size, N * N].
  at::Tensor gated_projections(const at::Tensor& z_flat, const at::Tensor& mask_flat, std::int64_t first,
                               std::int64_t size) const;

  std::int64_t c_hidden_;
  bool outgoing_;
  Linear linear_g_{nullptr}, linear_z_{nullptr};
  LayerNorm layer_norm_in_{nullptr}, layer_norm_out_{nullptr};
  Linear linear_a_p_{nullptr}, linear_a_g_{nullptr}, linear_b_p_{nullptr}, linear_b_g_{nullptr};
};
TORCH_MODULE(TriangleMultiplication);

class TriangleMultiplicationOutgoingImpl : public TriangleMultiplicationImpl {
 public:
  TriangleMultiplicationOutgoingImpl(std::int64_t c_z, std::int64_t c_hidden)
      : TriangleMultiplicationImpl(c_z, c_hidden, true) {}
};
TORCH_MODULE(TriangleMultiplicationOutgoing);

class TriangleMultiplicationIncomingImpl : public TriangleMultiplicationImpl {
 public:
  TriangleMultiplicationIncomingImpl(std::int64_t c_z, std::int64_t c_hidden)
      : TriangleMultiplicationImpl(c_z, c_hidden, false) {}
};
TORCH_MODULE(TriangleMultiplicationIncoming);

}  // namespace foldperf::trainer
