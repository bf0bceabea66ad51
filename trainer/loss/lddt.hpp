// Local distance difference test (Mariani et al. 2013) as OpenFold computes it (utils/loss.py, lddt and lddt_ca).
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// predicted and truth [*, N, 3] (Angstrom), mask [*, N] -> score in 0..1, [*, N] per residue or [*] for the whole
// chain. Pairs closer than `cutoff` in the truth count. A residue without any pair scores 1 (eps / eps). The order of
// the arithmetic is OpenFold's, since the plddt target's bins are cut right at values that occur.
at::Tensor lddt(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask, double cutoff = 15.0,
                double eps = 1e-10, bool per_residue = true);

// The same for the C-alpha atoms of atom37 coordinates [*, N, 37, 3] with mask [*, N, 37].
at::Tensor lddt_ca(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask, double cutoff = 15.0,
                   double eps = 1e-10, bool per_residue = true);

}  // namespace foldperf::trainer
