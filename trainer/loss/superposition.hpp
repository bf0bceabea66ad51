// Best superposition of two structures (Kabsch 1976, by singular value decomposition).
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

struct Superposition {
  at::Tensor coordinates;  // [*, N, 3], Angstrom: the moved structure on the reference; 0 where masked
  at::Tensor rmsd;         // [*], Angstrom, over the unmasked points
};

// reference and moved [*, N, 3], mask [*, N]: points where it is above 0 count. Computed in float64, returned in the
// type of `moved`; reflections are excluded. As OpenFold's utils/superimposition.py; no gradient passes.
Superposition superimpose(const at::Tensor& reference, const at::Tensor& moved, const at::Tensor& mask);

}  // namespace foldperf::trainer
