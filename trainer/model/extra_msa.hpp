// The sequences beyond the MSA clusters: embedder (algorithm 2, line 15) and stack (algorithm 18)
// (openfold/model/embedders.py: ExtraMSAEmbedder; openfold/model/evoformer.py: ExtraMSABlock, ExtraMSAStack).
#pragma once

#include <utility>
#include <vector>

#include "trainer/model/checkpoint.hpp"
#include "trainer/model/msa_attention.hpp"
#include "trainer/model/outer_product_mean.hpp"
#include "trainer/model/pair_stack.hpp"

namespace foldperf::trainer {

// Parameters: linear.
class ExtraMsaEmbedderImpl : public TracedModule {
 public:
  explicit ExtraMsaEmbedderImpl(const ExtraMsaEmbedderConfig& config);
  at::Tensor forward(const at::Tensor& x);  // [*, S, N, c_in] to [*, S, N, c_out]

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(ExtraMsaEmbedder);

// An Evoformer block with global column attention.
// Parameters: msa_att_row, msa_transition, outer_product_mean, pair_stack, msa_att_col.
class ExtraMsaBlockImpl : public TracedModule {
 public:
  explicit ExtraMsaBlockImpl(const EvoformerStackConfig& config);
  // m [*, S, N, c_m], z [*, N, N, c_z], msa_mask [*, S, N], pair_mask [*, N, N]. The MSA transition is masked whatever
  // mask_trans says, as in OpenFold.
  std::pair<at::Tensor, at::Tensor> forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask,
                                            const at::Tensor& pair_mask, bool mask_trans);

 private:
  bool opm_first_;
  SharedDropout msa_dropout_;
  MsaRowAttentionWithPairBias msa_att_row_{nullptr};
  MsaTransition msa_transition_{nullptr};
  OuterProductMean outer_product_mean_{nullptr};
  PairStack pair_stack_{nullptr};
  MsaColumnGlobalAttention msa_att_col_{nullptr};
};
TORCH_MODULE(ExtraMsaBlock);

// Parameters: blocks.<i>.
class ExtraMsaStackImpl : public TracedModule {
 public:
  explicit ExtraMsaStackImpl(const EvoformerStackConfig& config, const Checkpointing& checkpointing = {});
  // Gives the updated z [*, N, N, c_z].
  at::Tensor forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask, const at::Tensor& pair_mask,
                     bool mask_trans);

 private:
  Checkpointing checkpointing_;
  std::vector<ExtraMsaBlock> blocks_;
};
TORCH_MODULE(ExtraMsaStack);

}  // namespace foldperf::trainer
