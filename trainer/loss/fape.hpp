// Frame aligned point error (AlphaFold 2 supplement 1.9.2 and algorithm 28; OpenFold utils/loss.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "trainer/config/loss_config.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

// Frames [*] given as [*, 7] (quaternion, translation) or [*, 4, 4].
Rigid rigid_from_tensor(const at::Tensor& frames);

// [*, 3, F, P], Angstrom: point j seen from frame i in the prediction, less the same in the truth. Frames [*, F],
// points
// [*, P, 3]; the truth broadcasts to the prediction's leading dimensions. One matrix product makes all of them.
at::Tensor local_differences(const Rigid& predicted_frames, const Rigid& true_frames,
                             const at::Tensor& predicted_points, const at::Tensor& true_points);

struct FapeOptions {
  double length_scale = 10.0;                    // Angstrom
  std::optional<double> l1_clamp_distance = {};  // Angstrom; none: no clamp
  double eps = 1e-8;
};

// frames_mask [*, F], points_mask [*, P], pair_mask [*, F, P] or undefined -> [*]. Without a pair mask the mean is
// taken over points and frames one after the other, eps entering twice.
at::Tensor compute_fape(const Rigid& predicted_frames, const Rigid& true_frames, const at::Tensor& frames_mask,
                        const at::Tensor& predicted_points, const at::Tensor& true_points,
                        const at::Tensor& points_mask, const FapeOptions& options, const at::Tensor& pair_mask = {});

// traj [blocks, *, N, 7] or [blocks, *, N, 4, 4], backbone_rigid_tensor [*, N, 4, 4], backbone_rigid_mask [*, N],
// use_clamped_fape [*] (share of the clamped loss; undefined: all of it) -> scalar, mean over blocks and batch.
at::Tensor backbone_fape(const at::Tensor& traj, const at::Tensor& backbone_rigid_tensor,
                         const at::Tensor& backbone_rigid_mask, const at::Tensor& use_clamped_fape,
                         const BackboneFapeConfig& config, double eps, const at::Tensor& pair_mask = {});

// The truth of the side chains after the ambiguous atoms were renamed (renamed_ground_truth.hpp).
struct SidechainTruth {
  at::Tensor frames;                // rigidgroups_gt_frames [*, N, 8, 4, 4]
  at::Tensor alt_frames;            // rigidgroups_alt_gt_frames
  at::Tensor frames_exist;          // rigidgroups_gt_exists [*, N, 8]
  at::Tensor alt_naming_is_better;  // [*, N]
  at::Tensor positions;             // renamed_atom14_gt_positions [*, N, 14, 3]
  at::Tensor positions_exist;       // renamed_atom14_gt_exists [*, N, 14]
};

// sidechain_frames [blocks, *, N, 8, 4, 4] and sidechain_positions [blocks, *, N, 14, 3], of which the last block
// counts
// -> [*].
at::Tensor sidechain_fape(const at::Tensor& sidechain_frames, const at::Tensor& sidechain_positions,
                          const SidechainTruth& truth, const SidechainFapeConfig& config, double eps);

}  // namespace foldperf::trainer
