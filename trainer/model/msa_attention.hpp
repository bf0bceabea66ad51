// Attention over the MSA representation m [*, N_seq, N_res, c_m] (openfold/model/msa.py).
#pragma once

#include "trainer/model/attention.hpp"

namespace foldperf::trainer {

// Parameters: layer_norm_m, mha; with pair bias also layer_norm_z, linear_z.
class MsaAttentionImpl : public TracedModule {
 public:
  // c_z 0: no pair bias.
  MsaAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, std::int64_t c_z, double inf,
                   AttentionAxis axis);
  // m [*, S, N, c_in], z [*, N, N, c_z] (undefined without pair bias), mask [*, S, N] (undefined: all ones); gives
  // [*, S, N, c_in].
  at::Tensor forward(const at::Tensor& m, const at::Tensor& z, const at::Tensor& mask);

 private:
  double inf_;
  AttentionAxis axis_;
  LayerNorm layer_norm_m_{nullptr}, layer_norm_z_{nullptr};
  Linear linear_z_{nullptr};
  Attention mha_{nullptr};
};
TORCH_MODULE(MsaAttention);

// Algorithm 7.
class MsaRowAttentionWithPairBiasImpl : public MsaAttentionImpl {
 public:
  MsaRowAttentionWithPairBiasImpl(std::int64_t c_m, std::int64_t c_z, std::int64_t c_hidden, std::int64_t no_heads,
                                  double inf = 1e9)
      : MsaAttentionImpl(c_m, c_hidden, no_heads, c_z, inf, AttentionAxis::within_rows) {}
};
TORCH_MODULE(MsaRowAttentionWithPairBias);

// Algorithm 8. Parameters: _msa_att.
class MsaColumnAttentionImpl : public TracedModule {
 public:
  MsaColumnAttentionImpl(std::int64_t c_m, std::int64_t c_hidden, std::int64_t no_heads, double inf = 1e9);
  // m [*, S, N, c_m], mask [*, S, N] or undefined.
  at::Tensor forward(const at::Tensor& m, const at::Tensor& mask);

 private:
  MsaAttention msa_att_{nullptr};
};
TORCH_MODULE(MsaColumnAttention);

// Algorithm 19. Parameters: layer_norm_m, global_attention.
class MsaColumnGlobalAttentionImpl : public TracedModule {
 public:
  MsaColumnGlobalAttentionImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_heads, double inf = 1e9,
                               double eps = 1e-10);
  // m [*, S, N, c_in], mask [*, S, N] or undefined.
  at::Tensor forward(const at::Tensor& m, const at::Tensor& mask);

 private:
  LayerNorm layer_norm_m_{nullptr};
  GlobalAttention global_attention_{nullptr};
};
TORCH_MODULE(MsaColumnGlobalAttention);

}  // namespace foldperf::trainer
