// Loss of the predicted aligned error head (AlphaFold 2 supplement 1.9.7; OpenFold utils/loss.py, tm_loss).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// logits [*, N, N, no_bins]; final_affine_tensor [*, N, 7] or [*, N, 4, 4] the predicted backbone frames,
// backbone_rigid_tensor [*, N, 4, 4] the true ones with mask [*, N]; resolution [*] -> scalar: cross entropy of the
// binned error of each CA seen from each frame, mean over pairs, zero outside the resolution bounds, mean over the
// batch. The frames get no gradient.
at::Tensor tm_loss(const at::Tensor& logits, const at::Tensor& final_affine_tensor,
                   const at::Tensor& backbone_rigid_tensor, const at::Tensor& backbone_rigid_mask,
                   const at::Tensor& resolution, const TmLossConfig& config);

}  // namespace foldperf::trainer
