#include "trainer/loss/violation.hpp"

#include <ATen/ATen.h>

#include "trainer/loss/cross_entropy.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor any_atom(const at::Tensor& per_atom_mask) { return per_atom_mask.amax(-1); }

// Share of neighbouring CA pairs more than 1.5 Angstrom too far apart, [*].
at::Tensor extreme_ca_ca_distances(const at::Tensor& positions, const at::Tensor& exists,
                                   const at::Tensor& residue_index) {
  constexpr double tolerance = 1.5;
  constexpr double eps = 1e-6;
  const at::Tensor ca = positions.select(-2, atom14::ca);
  const at::Tensor ca_exists = exists.select(-1, atom14::ca);
  const at::Tensor no_gap = (residue_index.slice(-1, 1) - residue_index.slice(-1, 0, -1)).eq(1);
  const at::Tensor distance = ((ca.slice(-2, 0, -1) - ca.slice(-2, 1)).square().sum(-1) + eps).sqrt();
  const at::Tensor far = (distance - residue_tables::ca_ca_distance).gt(tolerance);
  return masked_mean(ca_exists.slice(-1, 0, -1) * ca_exists.slice(-1, 1) * no_gap, far, {-1});
}

}  // namespace

StructuralViolations find_structural_violations(const TensorDict& batch, const at::Tensor& positions,
                                                const ViolationLossConfig& config, ViolationDetail detail) {
  using namespace residue_tables;
  const at::Tensor& exists = batch.at("atom14_atom_exists");
  const at::Tensor& residue_index = batch.at("residue_index");
  const at::Tensor& aatype = batch.at("aatype");
  const Atom14DistanceBounds& bounds =
      atom14_distance_bounds(config.clash_overlap_tolerance, config.violation_tolerance_factor);
  const at::Tensor radius =
      exists * as(van_der_waals_radius_atom37(), positions).index({batch.at("residx_atom14_to_atom37")});

  StructuralViolations result;
  result.bonds = between_residue_bonds(positions, exists, residue_index, aatype, config.violation_tolerance_factor);
  result.between_residues = between_residue_clashes(positions, exists, radius, residue_index,
                                                    config.clash_overlap_tolerance, detail, config.average_clashes);
  result.within_residues =
      within_residue_violations(positions, exists, as(bounds.lower, positions).index({aatype}),
                                as(bounds.upper, positions).index({aatype}), detail, config.average_clashes);
  if (detail == ViolationDetail::full) {
    result.total_per_residue_violations_mask = at::maximum(
        result.bonds.per_residue_violation_mask,
        at::maximum(any_atom(result.between_residues.per_atom_mask), any_atom(result.within_residues.per_atom_mask)));
  }
  return result;
}

at::Tensor violation_loss(const StructuralViolations& violations, const at::Tensor& atom14_atom_exists,
                          const ViolationLossConfig& config) {
  const AtomViolations& between = violations.between_residues;
  const AtomViolations& within = violations.within_residues;
  at::Tensor clashes = between.per_atom_loss_sum + within.per_atom_loss_sum;
  if (config.average_clashes) clashes = clashes / (between.per_atom_num_clash + within.per_atom_num_clash + config.eps);
  const at::Tensor per_atom = clashes.sum() / (atom14_atom_exists.sum() + config.eps);
  const BondViolations& bonds = violations.bonds;
  return (bonds.c_n_loss_mean + bonds.ca_c_n_loss_mean + bonds.c_n_ca_loss_mean + per_atom).mean();
}

TensorDict violation_metrics(const TensorDict& batch, const at::Tensor& positions,
                             const StructuralViolations& violations) {
  const at::Tensor& seq_mask = batch.at("seq_mask");
  const auto share = [&](const at::Tensor& per_residue) { return masked_mean(seq_mask, per_residue, {-1}); };
  return {
      {"violations_extreme_ca_ca_distance",
       extreme_ca_ca_distances(positions, batch.at("atom14_atom_exists"), batch.at("residue_index"))},
      {"violations_between_residue_bond", share(violations.bonds.per_residue_violation_mask)},
      {"violations_between_residue_clash", share(any_atom(violations.between_residues.per_atom_mask))},
      {"violations_within_residue", share(any_atom(violations.within_residues.per_atom_mask))},
      {"violations_per_residue", share(violations.total_per_residue_violations_mask)},
  };
}

}  // namespace foldperf::trainer
