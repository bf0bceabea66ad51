#include "trainer/model/pair_stack.hpp"

namespace foldperf::trainer {

PairStackImpl::PairStackImpl(const EvoformerStackConfig& config)
    : rowwise_(SharedDropout::rowwise(config.pair_dropout)),
      columnwise_(SharedDropout::columnwise(config.pair_dropout)) {
  tri_mul_out_ = register_module("tri_mul_out", TriangleMultiplicationOutgoing(config.c_z, config.c_hidden_mul));
  tri_mul_in_ = register_module("tri_mul_in", TriangleMultiplicationIncoming(config.c_z, config.c_hidden_mul));
  tri_att_start_ = register_module("tri_att_start", TriangleAttentionStartingNode(config.c_z, config.c_hidden_pair_att,
                                                                                  config.no_heads_pair, config.inf));
  tri_att_end_ = register_module("tri_att_end", TriangleAttentionEndingNode(config.c_z, config.c_hidden_pair_att,
                                                                            config.no_heads_pair, config.inf));
  pair_transition_ = register_module("pair_transition", PairTransition(config.c_z, config.transition_n));
}

at::Tensor PairStackImpl::forward(at::Tensor z, const at::Tensor& pair_mask, bool mask_trans) {
  const TraceScope trace(*this);
  const bool training = is_training();
  z = rowwise_.add(z, tri_mul_out_->forward(z, pair_mask), training);
  z = rowwise_.add(z, tri_mul_in_->forward(z, pair_mask), training);
  z = rowwise_.add(z, tri_att_start_->forward(z, pair_mask), training);
  z = columnwise_.add(z, tri_att_end_->forward(z, pair_mask), training);
  return z + pair_transition_->forward(z, mask_trans ? pair_mask : at::Tensor());
}

}  // namespace foldperf::trainer
