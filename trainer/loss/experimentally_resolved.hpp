// "Experimentally resolved" loss (AlphaFold 2 supplement 1.9.10, eq. 43; OpenFold utils/loss.py).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// logits [*, N, 37], atom37_atom_exists [*, N, 37] (the residue type has this atom), all_atom_mask [*, N, 37] (it was
// resolved), resolution [*] (Angstrom) -> scalar: mean binary cross entropy of the atoms that exist, zero for
// structures outside the resolution bounds, then mean over the batch.
at::Tensor experimentally_resolved_loss(const at::Tensor& logits, const at::Tensor& atom37_atom_exists,
                                        const at::Tensor& all_atom_mask, const at::Tensor& resolution,
                                        const ExperimentallyResolvedLossConfig& config);

}  // namespace foldperf::trainer
