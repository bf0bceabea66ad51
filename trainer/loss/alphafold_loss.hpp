// The training loss: the weighted sum of all terms (AlphaFold 2 supplement 1.9, eq. 7; OpenFold utils/loss.py,
// AlphaFoldLoss).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "trainer/config/loss_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct LossResult {
  at::Tensor total;     // scalar to differentiate: unscaled x sqrt(min(mean of seq_length, crop))
  at::Tensor unscaled;  // scalar, without gradient: weighted sum of the terms
  // Terms without weight or gradient, named and ordered as in OpenFold: distogram, experimentally_resolved, fape,
  // plddt_loss, masked_msa, supervised_chi, violation, and tm where it is enabled.
  std::vector<std::string> names;
  at::Tensor values;  // [terms]: 0 where a term was not finite
  at::Tensor finite;  // [terms] bool: false where a term was NaN or infinite

  [[nodiscard]] at::Tensor value(const std::string& name) const;  // scalar; throws Error for an unknown name
};

// Names of the terms that were not finite. Waits for the device: call it where metrics are read anyway.
std::vector<std::string> non_finite_terms(const LossResult& result);

// Thread-safe: holds its configuration only.
class AlphaFoldLoss {
 public:
  explicit AlphaFoldLoss(LossConfig config = {}) : config_(config) {}

  // outputs: distogram_logits, experimentally_resolved_logits, lddt_logits, masked_msa_logits, tm_logits (where the
  // term is enabled), final_atom_positions, final_affine_tensor, sm.frames, sm.sidechain_frames, sm.positions,
  // sm.angles, sm.unnormalized_angles (first dimension: structure block). batch: the features of the last recycling
  // pass, without the recycling dimension. Throws Error naming a tensor that is missing.
  //
  // A term that is not finite counts as 0 and passes no gradient on; which ones it were is in `finite`. Nothing here
  // waits for the device, and no shape depends on data. Half-precision outputs are raised to float32, and autocast is
  // off. The violation term is computed without gradient while its weight is 0.
  [[nodiscard]] LossResult compute(const TensorDict& outputs, const TensorDict& batch) const;

  [[nodiscard]] const LossConfig& config() const noexcept { return config_; }

 private:
  LossConfig config_;
};

}  // namespace foldperf::trainer
