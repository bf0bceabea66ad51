#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "trainer/loss/pair_distances.hpp"
#include "trainer/loss/violation.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// bool [*, N * 14, N * 14]: pairs of atoms (row, column) of residues in ascending residue_index that must not clash.
at::Tensor clashing_pairs(const at::Tensor& exists, const at::Tensor& residue_index) {
  const at::Tensor atoms = exists.flatten(-2).gt(0);
  at::Tensor pairs = atoms.unsqueeze(-1).logical_and(atoms.unsqueeze(-2));
  // [*, N, 14, N, 14]
  const std::int64_t residues = exists.size(-2);
  at::Tensor by_residue = pairs.unflatten(-1, {residues, atom14_count}).unflatten(-3, {residues, atom14_count});
  const at::Tensor first = residue_index.unsqueeze(-1);
  const at::Tensor second = residue_index.unsqueeze(-2);
  by_residue.logical_and_(first.lt(second).unsqueeze(-2).unsqueeze(-1));
  // The peptide bond, and disulfide bridges: every SG slot against every other, whatever the residues.
  by_residue.select(-1, atom14::n).select(-2, atom14::c).logical_and_((first + 1).ne(second));
  static const int sulfur = *atom14_index(residue_from_name("CYS"), "SG");
  by_residue.select(-1, sulfur).select(-2, sulfur).zero_();
  return pairs;
}

// Sum over partners in rows and in columns: [*, A, A] -> [*, A].
at::Tensor sum_over_partners(const at::Tensor& pairs, at::ScalarType type) {
  return pairs.sum(-2, false, type) + pairs.sum(-1, false, type);
}

}  // namespace

AtomViolations between_residue_clashes(const at::Tensor& positions, const at::Tensor& exists, const at::Tensor& radius,
                                       const at::Tensor& residue_index, double overlap_tolerance,
                                       ViolationDetail detail, bool count, double eps) {
  const at::ScalarType type = positions.scalar_type();
  const at::Tensor atoms = positions.flatten(-3, -2);  // [*, A, 3], A = 14 N
  at::Tensor pairs, limits;
  {
    const at::NoGradGuard no_grad;
    pairs = clashing_pairs(exists, residue_index);
    const at::Tensor radii = radius.flatten(-2);
    limits = (radii.unsqueeze(-1) + radii.unsqueeze(-2)).sub_(overlap_tolerance);
    limits.masked_fill_(pairs.logical_not(), -std::numeric_limits<double>::infinity());
  }
  const at::Tensor distances = pair_distances(atoms, atoms, eps);
  const at::Tensor errors = (limits - distances).relu();

  AtomViolations result;
  result.per_atom_loss_sum = sum_over_partners(errors, type).view_as(exists);
  const bool full = detail == ViolationDetail::full;
  if (full || count) {
    const at::NoGradGuard no_grad;
    result.per_atom_num_clash = sum_over_partners(distances.lt(limits), type).view_as(exists);
  }
  if (full) {
    result.per_atom_mask = result.per_atom_num_clash.gt(0).to(type);
    result.mean_loss = errors.sum() / (pairs.sum().to(type) + 1e-6);
  }
  return result;
}

AtomViolations within_residue_violations(const at::Tensor& positions, const at::Tensor& exists, const at::Tensor& lower,
                                         const at::Tensor& upper, ViolationDetail detail, bool count, double eps) {
  const at::ScalarType type = positions.scalar_type();
  at::Tensor pairs;  // [*, N, 14, 14]
  {
    const at::NoGradGuard no_grad;
    pairs = exists.unsqueeze(-1) * exists.unsqueeze(-2);
    pairs.diagonal(0, -2, -1).zero_();
  }
  const at::Tensor distances = pair_distances(positions, positions, eps);
  const at::Tensor errors = pairs * ((lower - distances).relu() + (distances - upper).relu());

  AtomViolations result;
  result.per_atom_loss_sum = sum_over_partners(errors, type);
  const bool full = detail == ViolationDetail::full;
  if (full || count) {
    const at::NoGradGuard no_grad;
    result.per_atom_num_clash = sum_over_partners(pairs * distances.lt(lower).logical_or_(distances.gt(upper)), type);
  }
  if (full) result.per_atom_mask = result.per_atom_num_clash.gt(0).to(type);
  return result;
}

}  // namespace foldperf::trainer
