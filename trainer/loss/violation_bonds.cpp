#include <ATen/ATen.h>

#include "trainer/loss/violation.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor length(const at::Tensor& vector, double eps) { return (vector.square().sum(-1) + eps).sqrt(); }

// Flat-bottomed loss of one kind of bond or angle, [*, N - 1].
struct Term {
  at::Tensor per_bond;
  at::Tensor mean;       // [*]
  at::Tensor violation;  // 1 where outside the tolerance
};

// `expected` and `tolerance` are numbers or tensors [*, N - 1].
template <typename Number>
Term flat_bottom(const at::Tensor& value, const Number& expected, const Number& tolerance, const at::Tensor& mask,
                 double eps) {
  const at::Tensor error = ((value - expected).square() + eps).sqrt();
  Term term;
  term.per_bond = (error - tolerance).relu();
  term.mean = (mask * term.per_bond).sum(-1) / (mask.sum(-1) + eps);
  term.violation = mask * error.gt(tolerance);
  return term;
}

// The value of each bond goes to both its residues: [*, N - 1] -> [*, N] twice.
at::Tensor of_first(const at::Tensor& per_bond) { return at::constant_pad_nd(per_bond, {0, 1}); }
at::Tensor of_second(const at::Tensor& per_bond) { return at::constant_pad_nd(per_bond, {1, 0}); }

}  // namespace

BondViolations between_residue_bonds(const at::Tensor& positions, const at::Tensor& exists,
                                     const at::Tensor& residue_index, const at::Tensor& aatype, double tolerance_factor,
                                     double eps) {
  using namespace residue_tables;
  const at::Tensor this_positions = positions.slice(-3, 0, -1);
  const at::Tensor next_positions = positions.slice(-3, 1);
  const at::Tensor this_ca = this_positions.select(-2, atom14::ca);
  const at::Tensor this_c = this_positions.select(-2, atom14::c);
  const at::Tensor next_n = next_positions.select(-2, atom14::n);
  const at::Tensor next_ca = next_positions.select(-2, atom14::ca);
  const at::Tensor this_exists = exists.slice(-2, 0, -1);
  const at::Tensor next_exists = exists.slice(-2, 1);
  const at::Tensor no_gap = (residue_index.slice(-1, 1) - residue_index.slice(-1, 0, -1)).eq(1);
  const at::Tensor c_n_mask = this_exists.select(-1, atom14::c) * next_exists.select(-1, atom14::n) * no_gap;

  // Proline's ring lengthens the bond. The values are float32 in any precision, as OpenFold's.
  static const int proline = residue_from_name("PRO");
  const at::Tensor next_is_proline = aatype.slice(-1, 1).eq(proline);
  const at::Tensor expected_length = at::where(next_is_proline, peptide_bond_length[1], peptide_bond_length[0]);
  const at::Tensor stddev = at::where(next_is_proline, peptide_bond_length_stddev[1], peptide_bond_length_stddev[0]);
  const at::Tensor c_n = next_n - this_c;
  const at::Tensor c_n_length = length(c_n, eps);
  const Term bond = flat_bottom<at::Tensor>(c_n_length, expected_length, stddev * tolerance_factor, c_n_mask, eps);

  const at::Tensor c_ca = this_ca - this_c;
  const at::Tensor n_ca = next_ca - next_n;
  const at::Tensor c_ca_unit = c_ca / length(c_ca, eps).unsqueeze(-1);
  const at::Tensor c_n_unit = c_n / c_n_length.unsqueeze(-1);
  const at::Tensor n_ca_unit = n_ca / length(n_ca, eps).unsqueeze(-1);
  const Term ca_c_n =
      flat_bottom((c_ca_unit * c_n_unit).sum(-1), peptide_cos_angle_ca_c_n[0],
                  tolerance_factor * peptide_bond_length_stddev[0], c_n_mask * this_exists.select(-1, atom14::ca), eps);
  const Term c_n_ca =
      flat_bottom((-c_n_unit * n_ca_unit).sum(-1), peptide_cos_angle_c_n_ca[0],
                  tolerance_factor * peptide_cos_angle_c_n_ca[1], c_n_mask * next_exists.select(-1, atom14::ca), eps);

  BondViolations result;
  result.c_n_loss_mean = bond.mean;
  result.ca_c_n_loss_mean = ca_c_n.mean;
  result.c_n_ca_loss_mean = c_n_ca.mean;
  const at::Tensor sum = bond.per_bond + ca_c_n.per_bond + c_n_ca.per_bond;
  result.per_residue_loss_sum = 0.5 * (of_first(sum) + of_second(sum));
  const at::Tensor violated = at::maximum(at::maximum(bond.violation, ca_c_n.violation), c_n_ca.violation);
  result.per_residue_violation_mask = at::maximum(of_first(violated), of_second(violated));
  return result;
}

}  // namespace foldperf::trainer
