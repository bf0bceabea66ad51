// Distogram loss (AlphaFold 2 supplement 1.9.8, eq. 41; OpenFold utils/loss.py, distogram_loss).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// logits [*, N, N, no_bins], pseudo_beta [*, N, 3] (Angstrom), pseudo_beta_mask [*, N] -> scalar: cross entropy of the
// binned distance, mean over pairs, then over the batch.
at::Tensor distogram_loss(const at::Tensor& logits, const at::Tensor& pseudo_beta, const at::Tensor& pseudo_beta_mask,
                          const DistogramLossConfig& config);

}  // namespace foldperf::trainer
