// Validation metrics (OpenFold utils/validation_metrics.py and the validation step of its training script).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Root mean square of the differences of all pairwise distances, Angstrom: a, b [*, N, 3], mask [*, N] -> [*]. The
// number of points is the smallest of the batch; 0 where fewer than two count.
at::Tensor drmsd(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask);

// Global distance test: share of points [*, N, 3] closer than each cutoff (Angstrom, inclusive), mean over cutoffs and
// batch -> scalar. The structures must be superimposed.
at::Tensor gdt(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask, const std::vector<double>& cutoffs);
at::Tensor gdt_ts(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask);  // 1, 2, 4, 8
at::Tensor gdt_ha(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask);  // 0.5, 1, 2, 4

// predicted and truth [*, N, 37, 3], mask [*, N, 37], C-alpha atoms only -> lddt_ca, drmsd_ca, alignment_rmsd [*],
// gdt_ts, gdt_ha (scalars). `eps` is that of lDDT. Without superposition metrics: lddt_ca and drmsd_ca only.
TensorDict validation_metrics(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask,
                              bool superposition_metrics = true, double eps = 1e-8);

}  // namespace foldperf::trainer
