// Which of two names each ambiguous atom of the truth gets (ASP, GLU, PHE, TYR): the one that fits the prediction
// better (AlphaFold 2 supplement, algorithm 26; OpenFold utils/loss.py, compute_renamed_ground_truth).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct RenamedGroundTruth {
  at::Tensor alt_naming_is_better;  // [*, N], 1 where the exchanged names fit better
  at::Tensor positions;             // [*, N, 14, 3], Angstrom
  at::Tensor exists;                // [*, N, 14]
};

// predicted [*, N, 14, 3]; of the batch: atom14_gt_positions, atom14_alt_gt_positions [*, N, 14, 3], atom14_gt_exists,
// atom14_alt_gt_exists, atom14_atom_is_ambiguous [*, N, 14]. No gradient passes.
RenamedGroundTruth renamed_ground_truth(const TensorDict& batch, const at::Tensor& predicted, double eps = 1e-10);

}  // namespace foldperf::trainer
