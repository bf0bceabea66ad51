// The Evoformer (algorithm 6; openfold/model/evoformer.py: EvoformerBlock, EvoformerStack).
#pragma once

#include <utility>
#include <vector>

#include "trainer/model/checkpoint.hpp"
#include "trainer/model/msa_attention.hpp"
#include "trainer/model/outer_product_mean.hpp"
#include "trainer/model/pair_stack.hpp"

namespace foldperf::trainer {

// Parameters: msa_att_row, msa_transition, outer_product_mean, pair_stack, msa_att_col (unless no_column_attention).
class EvoformerBlockImpl : public TracedModule {
 public:
  explicit EvoformerBlockImpl(const EvoformerStackConfig& config);
  // m [*, S, N, c_m], z [*, N, N, c_z], msa_mask [*, S, N], pair_mask [*, N, N]; gives the updated m and z.
  // mask_trans: mask the transitions (OpenFold: _mask_trans; the model does not).
  std::pair<at::Tensor, at::Tensor> forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask,
                                            const at::Tensor& pair_mask, bool mask_trans);

 private:
  bool opm_first_;
  SharedDropout msa_dropout_;
  MsaRowAttentionWithPairBias msa_att_row_{nullptr};
  MsaTransition msa_transition_{nullptr};
  OuterProductMean outer_product_mean_{nullptr};
  PairStack pair_stack_{nullptr};
  MsaColumnAttention msa_att_col_{nullptr};
};
TORCH_MODULE(EvoformerBlock);

struct EvoformerOutput {
  at::Tensor m;  // [*, S, N, c_m]
  at::Tensor z;  // [*, N, N, c_z]
  at::Tensor s;  // [*, N, c_s], a projection of the first row of m
};

// Parameters: blocks.<i>, linear.
class EvoformerStackImpl : public TracedModule {
 public:
  explicit EvoformerStackImpl(const EvoformerStackConfig& config, const Checkpointing& checkpointing = {});
  EvoformerOutput forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask, const at::Tensor& pair_mask,
                          bool mask_trans);

 private:
  Checkpointing checkpointing_;
  std::vector<EvoformerBlock> blocks_;
  Linear linear_{nullptr};
};
TORCH_MODULE(EvoformerStack);

}  // namespace foldperf::trainer
