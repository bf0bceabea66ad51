#include "trainer/model/extra_msa.hpp"

namespace foldperf::trainer {

ExtraMsaEmbedderImpl::ExtraMsaEmbedderImpl(const ExtraMsaEmbedderConfig& config) {
  linear_ = register_module("linear", Linear(config.c_in, config.c_out));
}

at::Tensor ExtraMsaEmbedderImpl::forward(const at::Tensor& x) {
  const TraceScope trace(*this);
  return linear_->forward(x);
}

ExtraMsaBlockImpl::ExtraMsaBlockImpl(const EvoformerStackConfig& config)
    : opm_first_(config.opm_first), msa_dropout_(SharedDropout::rowwise(config.msa_dropout)) {
  msa_att_row_ = register_module(
      "msa_att_row",
      MsaRowAttentionWithPairBias(config.c_m, config.c_z, config.c_hidden_msa_att, config.no_heads_msa, config.inf));
  msa_transition_ = register_module("msa_transition", MsaTransition(config.c_m, config.transition_n));
  outer_product_mean_ =
      register_module("outer_product_mean", OuterProductMean(config.c_m, config.c_z, config.c_hidden_opm));
  pair_stack_ = register_module("pair_stack", PairStack(config));
  msa_att_col_ = register_module("msa_att_col", MsaColumnGlobalAttention(config.c_m, config.c_hidden_msa_att,
                                                                         config.no_heads_msa, config.inf, config.eps));
}

std::pair<at::Tensor, at::Tensor> ExtraMsaBlockImpl::forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask,
                                                             const at::Tensor& pair_mask, bool mask_trans) {
  const TraceScope trace(*this);
  if (opm_first_) z = z + outer_product_mean_->forward(m, msa_mask);
  m = msa_dropout_.add(m, msa_att_row_->forward(m, z, msa_mask), is_training());
  m = m + msa_att_col_->forward(m, msa_mask);
  m = m + msa_transition_->forward(m, msa_mask);
  if (!opm_first_) z = z + outer_product_mean_->forward(m, msa_mask);
  return {m, pair_stack_->forward(z, pair_mask, mask_trans)};
}

ExtraMsaStackImpl::ExtraMsaStackImpl(const EvoformerStackConfig& config, const Checkpointing& checkpointing)
    : checkpointing_(checkpointing) {
  torch::nn::ModuleList list;
  for (std::int64_t i = 0; i < config.no_blocks; ++i) {
    blocks_.emplace_back(config);
    list->push_back(blocks_.back());
  }
  register_module("blocks", list);
}

at::Tensor ExtraMsaStackImpl::forward(at::Tensor m, at::Tensor z, const at::Tensor& msa_mask,
                                      const at::Tensor& pair_mask, bool mask_trans) {
  const TraceScope trace(*this);
  return run_blocks(blocks_, std::move(m), std::move(z), checkpointing_, msa_mask, pair_mask, mask_trans).second;
}

}  // namespace foldperf::trainer
