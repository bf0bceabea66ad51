#include "trainer/model/preembedding_embedder.hpp"

#include "trainer/model/relative_positions.hpp"

namespace foldperf::trainer {

PreembeddingEmbedderImpl::PreembeddingEmbedderImpl(const PreembeddingEmbedderConfig& config) {
  linear_tf_m_ = register_module("linear_tf_m", Linear(config.tf_dim, config.c_m));
  linear_preemb_m_ = register_module("linear_preemb_m", Linear(config.preembedding_dim, config.c_m));
  linear_preemb_z_i_ = register_module("linear_preemb_z_i", Linear(config.preembedding_dim, config.c_z));
  linear_preemb_z_j_ = register_module("linear_preemb_z_j", Linear(config.preembedding_dim, config.c_z));
  linear_relpos_ = register_module("linear_relpos", Linear(2 * config.relpos_k + 1, config.c_z));
}

std::pair<at::Tensor, at::Tensor> PreembeddingEmbedderImpl::forward(const at::Tensor& target_feat,
                                                                    const at::Tensor& residue_index,
                                                                    const at::Tensor& embedding) {
  const TraceScope trace(*this);
  // As in InputEmbedder, the bias of relpos goes to the smaller tensor of one residue.
  const at::Tensor z_i = linear_preemb_z_i_->forward(embedding) + linear_relpos_->bias;
  const at::Tensor z_j = linear_preemb_z_j_->forward(embedding);
  const at::Tensor z =
      embed_relative_positions(linear_relpos_->weight, residue_index) + z_i.unsqueeze(-2) + z_j.unsqueeze(-3);
  const at::Tensor row = linear_preemb_m_->forward(embedding) + linear_tf_m_->forward(target_feat);
  return {row.unsqueeze(-3), z};
}

}  // namespace foldperf::trainer
