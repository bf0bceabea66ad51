// The tables of residue_types.hpp and the literature values as tensors, one row for each aatype (the 21st is unknown).
//
// Values: AlphaFold 2's ideal coordinates and stereochemistry (Apache-2.0), compiled in from tables/*.inc; layouts are
// those of openfold/np/residue_constants.py. Tensors are made once, on the CPU, float32 or int64; callers must not
// change them.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer::residue_tables {

// [21, 14] int64: slot in atom37 of each atom14 slot (0 where empty); [21, 37] int64: the other way.
const at::Tensor& atom14_to_atom37();
const at::Tensor& atom37_to_atom14();
// [21, 14] and [21, 37] float32: 1 where the residue type has the atom.
const at::Tensor& atom14_mask();
const at::Tensor& atom37_mask();
// [21, 14] and [21, 37] int64: rigid group (0..7) that moves the atom.
const at::Tensor& atom14_to_rigid_group();
const at::Tensor& atom37_to_rigid_group();
// [21, 14, 3] float32, Angstrom: position of the atom in its rigid group.
const at::Tensor& atom14_rigid_group_positions();
// [21, 8, 4, 4] float32: frame of each rigid group in its parent at torsion angle 0 (chi2 to chi4 in the chi before,
// the others in the backbone). Groups that a residue type lacks have zeros.
const at::Tensor& rigid_group_default_frames();
// [21, 8, 3] int64: atom37 slots of the three atoms that define each group's frame (-x axis, origin, xy plane: for the
// backbone C, CA, N; 0 where the group does not exist). [21, 8] float32: 1 where it exists.
const at::Tensor& rigid_group_base_atom37();
const at::Tensor& rigid_group_mask();
// [21, 8] float32: 1 for the groups whose frame is ambiguous (last chi of ASP, GLU, PHE, TYR).
const at::Tensor& rigid_group_is_ambiguous();

// [21, 4] float32: 1 where the residue type has the chi angle, and where the angle is periodic by pi.
const at::Tensor& chi_mask();
const at::Tensor& chi_pi_periodic();
// [21, 4, 4] int64: atom37 slots of the four atoms of each chi angle (0 where it does not exist).
const at::Tensor& chi_atom37();

// [21, 14] float32: 1 for atoms whose name is ambiguous; [21, 14] int64: slot of the atom with the exchanged name
// (itself where unambiguous); [21, 14, 14] float32: the same as a permutation matrix.
const at::Tensor& atom14_is_ambiguous();
const at::Tensor& atom14_swap();
const at::Tensor& atom14_renaming_matrix();

// [37] float32, Angstrom.
const at::Tensor& van_der_waals_radius_atom37();
// [22] int64: HHblits' integer to aatype.
const at::Tensor& hhblits_to_residue();

// Bounds on the distances of atoms of one residue, each [21, 14, 14] float32, Angstrom (OpenFold:
// make_atom14_dists_bounds). Bonded atoms and those across one bond angle: mean -+ bond_length_tolerance_factor x
// standard deviation; the others: at least the sum of the van der Waals radii less overlap_tolerance, at most 1e10;
// zeros where an atom does not exist.
struct Atom14DistanceBounds {
  at::Tensor lower;
  at::Tensor upper;
  at::Tensor stddev;
};
// Kept per pair of arguments: cheap to call again.
const Atom14DistanceBounds& atom14_distance_bounds(double overlap_tolerance = 1.5,
                                                   double bond_length_tolerance_factor = 15);

// The bond from C to the next residue's N: [0] in general, [1] where the next residue is proline (Angstrom), and the
// cosines of the angles about it: [0] mean, [1] standard deviation.
inline constexpr double peptide_bond_length[2] = {1.329, 1.341};
inline constexpr double peptide_bond_length_stddev[2] = {0.014, 0.016};
inline constexpr double peptide_cos_angle_c_n_ca[2] = {-0.5203, 0.0353};
inline constexpr double peptide_cos_angle_ca_c_n[2] = {-0.4473, 0.0311};
// Distance of neighbouring CA atoms over a trans peptide bond, Angstrom.
inline constexpr double ca_ca_distance = 3.80209737096;

// A table on the device of `like`, floating-point tables in its dtype; copies are kept, so that calls in a loop are
// cheap.
at::Tensor as(const at::Tensor& table, const at::Tensor& like);
// Drops the copies on devices of this type; the next call makes them anew.
void forget_copies(at::DeviceType type);

}  // namespace foldperf::trainer::residue_tables
