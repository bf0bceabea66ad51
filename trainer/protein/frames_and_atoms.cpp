#include "trainer/protein/frames_and_atoms.hpp"

#include <torch/torch.h>

#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

namespace {

// Rows of a table for each residue: [*, N, ...].
at::Tensor rows_for(const at::Tensor& table, const at::Tensor& aatype, const at::Tensor& like) {
  const at::Tensor local = residue_tables::as(table, like);
  auto shape = aatype.sizes().vec();
  shape.insert(shape.end(), table.sizes().begin() + 1, table.sizes().end());
  return local.index_select(0, aatype.reshape({-1})).view(shape);
}

// Groups that a residue lacks have a zero rotation and translation, but are affine all the same: what is composed with
// them keeps its translation, as in OpenFold.
const at::Tensor& affine_default_frames() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor frames = residue_tables::rigid_group_default_frames().clone();
    frames.select(-1, 3).select(-1, 3).fill_(1);
    return frames;
  }());
  return table;
}

// [21, 32, 14]: for each rigid group four rows, x, y, z and 1 of the atoms that it moves.
const at::Tensor& homogeneous_atoms() {
  static const at::Tensor& table = *new at::Tensor([] {
    const at::Tensor positions =
        at::cat({residue_tables::atom14_rigid_group_positions(), at::ones({residue_type_count + 1, atom14_count, 1})},
                -1) *
        residue_tables::atom14_mask().unsqueeze(-1);                                                   // [21, 14, 4]
    const at::Tensor group = at::one_hot(residue_tables::atom14_to_rigid_group(), rigid_group_count);  // [21, 14, 8]
    const at::Tensor by_group = group.unsqueeze(-1) * positions.unsqueeze(-2);                         // [21, 14, 8, 4]
    return at::Tensor(by_group.flatten(-2).transpose(-1, -2).contiguous());
  }());
  return table;
}

// (sine, cosine) to the rotation about x as a flattened 4 x 4 matrix: a linear part and a constant one.
const at::Tensor& angle_to_matrix() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({2, 16}, torch::kFloat32);
    auto a = t.accessor<float, 2>();
    a[0][4 * 1 + 2] = -1;
    a[0][4 * 2 + 1] = 1;
    a[1][4 * 1 + 1] = 1;
    a[1][4 * 2 + 2] = 1;
    return t;
  }());
  return table;
}

const at::Tensor& angle_matrix_constant() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({16}, torch::kFloat32);
    t[0] = 1;
    t[15] = 1;
    return t;
  }());
  return table;
}

const at::Tensor& zero_angle() {
  static const at::Tensor& table = *new at::Tensor(torch::tensor({{0.0F, 1.0F}}));
  return table;
}

// Raises half precision; the dtype of geometry.
at::Tensor geometry_like(const at::Tensor& like) {
  const auto type = like.scalar_type();
  return type == at::kDouble ? like : like.to(at::kFloat);
}

}  // namespace

ResidueGeometry::ResidueGeometry(const at::Tensor& aatype, const at::Tensor& like) {
  const at::Tensor reference = geometry_like(like.detach());
  default_frames_ = rows_for(affine_default_frames(), aatype, reference);
  atoms_ = rows_for(homogeneous_atoms(), aatype, reference);
}

at::Tensor ResidueGeometry::group_frames(const at::Tensor& backbone, const at::Tensor& angles) const {
  auto zero_shape = angles.sizes().vec();
  zero_shape[zero_shape.size() - 2] = 1;
  const at::Tensor all_angles = at::cat(
      {residue_tables::as(zero_angle(), default_frames_).expand(zero_shape), angles.to(default_frames_.scalar_type())},
      -2);
  const at::Tensor turns = (precise_matmul(all_angles, residue_tables::as(angle_to_matrix(), all_angles)) +
                            residue_tables::as(angle_matrix_constant(), all_angles))
                               .unflatten(-1, {4, 4});
  const at::Tensor local = precise_matmul(default_frames_, turns);  // each group in its parent

  // Side chains: each chi group hangs on the one before.
  const at::Tensor chi1 = local.select(-3, 4);
  const at::Tensor chi2 = precise_matmul(chi1, local.select(-3, 5));
  const at::Tensor chi3 = precise_matmul(chi2, local.select(-3, 6));
  const at::Tensor chi4 = precise_matmul(chi3, local.select(-3, 7));
  const at::Tensor in_backbone = at::cat({local.narrow(-3, 0, 5), at::stack({chi2, chi3, chi4}, -3)}, -3);
  return precise_matmul(backbone.unsqueeze(-3), in_backbone);
}

at::Tensor ResidueGeometry::atom14_positions(const at::Tensor& frames) const {
  // Each atom belongs to one group: one product over (group, x y z 1) picks and places it.
  const at::Tensor rows = frames.narrow(-2, 0, 3).transpose(-3, -2).flatten(-2);  // [*, N, 3, 32]
  return precise_matmul(rows, atoms_).transpose(-1, -2);
}

at::Tensor atom14_to_atom37(const at::Tensor& atom14, const at::Tensor& residx_atom37_to_atom14,
                            const at::Tensor& atom37_atom_exists) {
  auto shape = residx_atom37_to_atom14.sizes().vec();
  shape.push_back(atom14.size(-1));
  const at::Tensor index = residx_atom37_to_atom14.unsqueeze(-1).expand(shape);
  return atom14.gather(-2, index) * atom37_atom_exists.unsqueeze(-1);
}

at::Tensor pseudo_beta(const at::Tensor& aatype, const at::Tensor& atom37_positions) {
  const at::Tensor is_glycine = (aatype == residue_from_letter('G')).unsqueeze(-1);
  return at::where(is_glycine, atom37_positions.select(-2, atom37::ca), atom37_positions.select(-2, atom37::cb));
}

std::pair<at::Tensor, at::Tensor> pseudo_beta(const at::Tensor& aatype, const at::Tensor& atom37_positions,
                                              const at::Tensor& atom37_mask) {
  const at::Tensor is_glycine = aatype == residue_from_letter('G');
  return {pseudo_beta(aatype, atom37_positions),
          at::where(is_glycine, atom37_mask.select(-1, atom37::ca), atom37_mask.select(-1, atom37::cb))};
}

AtomMasks atom_masks(const at::Tensor& aatype) {
  const at::Tensor like = at::empty({0}, aatype.options().dtype(at::kFloat));
  return {rows_for(residue_tables::atom14_to_atom37(), aatype, like),
          rows_for(residue_tables::atom37_to_atom14(), aatype, like),
          rows_for(residue_tables::atom14_mask(), aatype, like), rows_for(residue_tables::atom37_mask(), aatype, like)};
}

}  // namespace foldperf::trainer
