#include "trainer/model/input_embedder.hpp"

#include "trainer/model/relative_positions.hpp"
#include "trainer/model/template_features.hpp"

namespace foldperf::trainer {

InputEmbedderImpl::InputEmbedderImpl(const InputEmbedderConfig& config) {
  linear_tf_z_i_ = register_module("linear_tf_z_i", Linear(config.tf_dim, config.c_z));
  linear_tf_z_j_ = register_module("linear_tf_z_j", Linear(config.tf_dim, config.c_z));
  linear_tf_m_ = register_module("linear_tf_m", Linear(config.tf_dim, config.c_m));
  linear_msa_m_ = register_module("linear_msa_m", Linear(config.msa_dim, config.c_m));
  linear_relpos_ = register_module("linear_relpos", Linear(2 * config.relpos_k + 1, config.c_z));
}

std::pair<at::Tensor, at::Tensor> InputEmbedderImpl::forward(const at::Tensor& target_feat,
                                                             const at::Tensor& residue_index,
                                                             const at::Tensor& msa_feat) {
  const TraceScope trace(*this);
  // The bias of relpos belongs to every pair, so it is added to the smaller tensor of one residue.
  const at::Tensor z_i = linear_tf_z_i_->forward(target_feat) + linear_relpos_->bias;
  const at::Tensor z_j = linear_tf_z_j_->forward(target_feat);
  const at::Tensor z =
      embed_relative_positions(linear_relpos_->weight, residue_index) + z_i.unsqueeze(-2) + z_j.unsqueeze(-3);
  const at::Tensor m = linear_msa_m_->forward(msa_feat) + linear_tf_m_->forward(target_feat).unsqueeze(-3);
  return {m, z};
}

RecyclingEmbedderImpl::RecyclingEmbedderImpl(const RecyclingEmbedderConfig& config) : config_(config) {
  linear_ = register_module("linear", Linear(config.no_bins, config.c_z));
  layer_norm_m_ = register_module("layer_norm_m", LayerNorm(config.c_m));
  layer_norm_z_ = register_module("layer_norm_z", LayerNorm(config.c_z));
}

std::pair<at::Tensor, at::Tensor> RecyclingEmbedderImpl::forward(const at::Tensor& m, const at::Tensor& z,
                                                                 const at::Tensor& x) {
  const TraceScope trace(*this);
  const at::Tensor bins = distogram_of_positions(x, config_.min_bin, config_.max_bin, config_.no_bins, config_.inf);
  return {layer_norm_m_->forward(m), layer_norm_z_->forward(z) + linear_->forward(bins.to(z.scalar_type()))};
}

}  // namespace foldperf::trainer
