// Loss of the predicted lDDT-Calpha head (AlphaFold 2 supplement 1.9.6; OpenFold utils/loss.py, lddt_loss).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// logits [*, N, no_bins], predicted and true atom37 positions [*, N, 37, 3] (Angstrom), all_atom_mask [*, N, 37],
// resolution [*] -> scalar: cross entropy of the bin of the lDDT-Calpha reached, mean over residues, zero for
// structures outside the resolution bounds, then mean over the batch. The positions get no gradient.
at::Tensor plddt_loss(const at::Tensor& logits, const at::Tensor& predicted, const at::Tensor& all_atom_positions,
                      const at::Tensor& all_atom_mask, const at::Tensor& resolution, const PlddtLossConfig& config);

}  // namespace foldperf::trainer
