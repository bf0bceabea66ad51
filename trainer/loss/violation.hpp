// Structural violations: peptide bonds and angles, clashes between and within residues (AlphaFold 2 supplement 1.9.11,
// eq. 44 to 47; OpenFold utils/loss.py).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// The bond from C to the next residue's N and the two angles about it. Residues without a gap in residue_index count.
struct BondViolations {
  at::Tensor c_n_loss_mean;               // [*]
  at::Tensor ca_c_n_loss_mean;            // [*]
  at::Tensor c_n_ca_loss_mean;            // [*]
  at::Tensor per_residue_loss_sum;        // [*, N], half of each bond's loss to each of its residues, not masked
  at::Tensor per_residue_violation_mask;  // [*, N]
};

// positions [*, N, 14, 3], exists [*, N, 14], residue_index and aatype int64 [*, N]; tolerance in standard deviations.
// As in OpenFold the CA-C-N angle is measured by the standard deviation of the C-N bond length.
BondViolations between_residue_bonds(const at::Tensor& positions, const at::Tensor& exists,
                                     const at::Tensor& residue_index, const at::Tensor& aatype, double tolerance_factor,
                                     double eps = 1e-6);

// What the loss needs, or also the masks and counts that only reports need (they cost as much again).
enum class ViolationDetail { loss, full };

struct AtomViolations {
  at::Tensor per_atom_loss_sum;   // [*, N, 14]
  at::Tensor per_atom_num_clash;  // [*, N, 14]; undefined unless full or asked for
  at::Tensor per_atom_mask;       // [*, N, 14], 1 where the atom takes part in a violation; undefined unless full
  at::Tensor mean_loss;           // scalar, of clashes between residues; undefined unless full
};

// Atoms of different residues closer than the sum of their radii [*, N, 14] less `overlap_tolerance` (Angstrom).
// Exempt: the bond from C to the next N, and SG to SG of any two residues.
AtomViolations between_residue_clashes(const at::Tensor& positions, const at::Tensor& exists, const at::Tensor& radius,
                                       const at::Tensor& residue_index, double overlap_tolerance,
                                       ViolationDetail detail, bool count, double eps = 1e-10);

// Distances within a residue outside lower and upper bounds [*, N, 14, 14] (Angstrom).
AtomViolations within_residue_violations(const at::Tensor& positions, const at::Tensor& exists, const at::Tensor& lower,
                                         const at::Tensor& upper, ViolationDetail detail, bool count,
                                         double eps = 1e-10);

struct StructuralViolations {
  BondViolations bonds;
  AtomViolations between_residues;
  AtomViolations within_residues;
  at::Tensor total_per_residue_violations_mask;  // [*, N]; undefined unless full
};

// positions [*, N, 14, 3] predicted; of the batch: atom14_atom_exists, residue_index, aatype, residx_atom14_to_atom37.
StructuralViolations find_structural_violations(const TensorDict& batch, const at::Tensor& positions,
                                                const ViolationLossConfig& config,
                                                ViolationDetail detail = ViolationDetail::full);

// Scalar: the three bond terms and the clashes per atom.
at::Tensor violation_loss(const StructuralViolations& violations, const at::Tensor& atom14_atom_exists,
                          const ViolationLossConfig& config);

// Shares of residues, each [*], under OpenFold's names: violations_extreme_ca_ca_distance,
// violations_between_residue_bond, violations_between_residue_clash, violations_within_residue, violations_per_residue.
// Needs full violations; of the batch also seq_mask.
TensorDict violation_metrics(const TensorDict& batch, const at::Tensor& positions,
                             const StructuralViolations& violations);

}  // namespace foldperf::trainer
