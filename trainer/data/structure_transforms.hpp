// What a chain's sequence and coordinates determine: openfold/data/data_transforms.py, the functions of these names.
// AlphaFold 2 supplement, section 1.2. Each adds features to the dictionary; L is the length, all float32 unless said.
#pragma once

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// From aatype [L]: atom14_atom_exists [L, 14], atom37_atom_exists [L, 37], residx_atom14_to_atom37 and
// residx_atom37_to_atom14, int64.
void make_atom14_masks(TensorDict& features);

// Adds atom14_gt_positions, atom14_gt_exists, the alternative truth where names are ambiguous (atom14_alt_gt_positions,
// atom14_alt_gt_exists) and atom14_atom_is_ambiguous. Needs make_atom14_masks.
void make_atom14_positions(TensorDict& features);

// Adds the frames of the eight rigid groups: rigidgroups_gt_frames and rigidgroups_alt_gt_frames [L, 8, 4, 4],
// rigidgroups_gt_exists, rigidgroups_group_exists, rigidgroups_group_is_ambiguous [L, 8].
void make_rigid_groups(TensorDict& features);

// Adds torsion_angles_sin_cos, alt_torsion_angles_sin_cos [L, 7, 2] and torsion_angles_mask [L, 7] (omega, phi, psi,
// chi).
void make_torsion_angles(TensorDict& features);

// Adds pseudo_beta [L, 3] and pseudo_beta_mask [L]: CB, or CA of glycine.
void make_pseudo_beta(TensorDict& features);

// Adds backbone_rigid_tensor [L, 4, 4] and backbone_rigid_mask [L]. Needs make_rigid_groups.
void get_backbone_frames(TensorDict& features);

// Adds chi_angles_sin_cos [L, 4, 2] and chi_mask [L, 4]. Needs make_torsion_angles.
void get_chi_angles(TensorDict& features);

}  // namespace foldperf::trainer
