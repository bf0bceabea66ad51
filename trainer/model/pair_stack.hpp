// The pair half of an Evoformer block (algorithm 6, lines 6 to 10; openfold/model/evoformer.py: PairStack).
#pragma once

#include "trainer/config/model_config.hpp"
#include "trainer/model/dropout.hpp"
#include "trainer/model/transition.hpp"
#include "trainer/model/triangle_attention.hpp"
#include "trainer/model/triangle_multiplication.hpp"

namespace foldperf::trainer {

// Parameters: tri_mul_out, tri_mul_in, tri_att_start, tri_att_end, pair_transition.
class PairStackImpl : public TracedModule {
 public:
  explicit PairStackImpl(const EvoformerStackConfig& config);
  // z [*, N, N, c_z], pair_mask [*, N, N]; gives the updated z. mask_trans: mask the transition too.
  at::Tensor forward(at::Tensor z, const at::Tensor& pair_mask, bool mask_trans);

 private:
  SharedDropout rowwise_;
  // OpenFold transposes z for the ending node and drops rowwise there; on z as it is that is columnwise.
  SharedDropout columnwise_;
  TriangleMultiplicationOutgoing tri_mul_out_{nullptr};
  TriangleMultiplicationIncoming tri_mul_in_{nullptr};
  TriangleAttentionStartingNode tri_att_start_{nullptr};
  TriangleAttentionEndingNode tri_att_end_{nullptr};
  PairTransition pair_transition_{nullptr};
};
TORCH_MODULE(PairStack);

}  // namespace foldperf::trainer
