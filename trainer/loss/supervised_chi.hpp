// Side-chain torsion loss (AlphaFold 2 supplement, algorithm 27; OpenFold utils/loss.py, supervised_chi_loss).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// angles [blocks, *, N, 7, 2] (sine and cosine of omega, phi, psi and the four chi) and the same before normalisation,
// aatype int64 [*, N], seq_mask [*, N], chi_mask [*, N, 4], chi_angles_sin_cos [*, N, 4, 2] -> scalar: squared error of
// the chi angles, the smaller of the two where the angle is periodic by pi, and the distance of all angles from unit
// norm.
at::Tensor supervised_chi_loss(const at::Tensor& angles, const at::Tensor& unnormalized_angles,
                               const at::Tensor& aatype, const at::Tensor& seq_mask, const at::Tensor& chi_mask,
                               const at::Tensor& chi_angles_sin_cos, const SupervisedChiLossConfig& config);

}  // namespace foldperf::trainer
