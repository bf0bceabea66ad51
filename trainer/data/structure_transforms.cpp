#include "trainer/data/structure_transforms.hpp"

#include <torch/torch.h>

#include "trainer/protein/frames_and_atoms.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor rows_for(const at::Tensor& table, const at::Tensor& aatype) { return table.index_select(0, aatype); }

// positions [L, 37, 3], slots [L, *] int64 give [L, *, 3].
at::Tensor gather_positions(const at::Tensor& positions, const at::Tensor& slots) {
  const at::Tensor flat = slots.reshape({slots.size(0), -1, 1}).expand({-1, -1, 3});
  auto shape = slots.sizes().vec();
  shape.push_back(3);
  return positions.gather(1, flat).view(shape);
}

// mask [L, 37], slots [L, *] int64 give [L, *].
at::Tensor gather_mask(const at::Tensor& mask, const at::Tensor& slots) {
  return mask.gather(1, slots.reshape({slots.size(0), -1})).view(slots.sizes());
}

// Frames whose axes are turned by pi about some of their own axes: signs [*, 3] multiply the columns of the rotations.
Rigid with_flipped_axes(const Rigid& frames, const at::Tensor& signs) {
  return {frames.rot * signs.unsqueeze(-2), frames.trans};
}

}  // namespace

void make_atom14_masks(TensorDict& features) {
  AtomMasks masks = atom_masks(features.at("aatype"));
  features["atom14_atom_exists"] = masks.atom14_atom_exists;
  features["atom37_atom_exists"] = masks.atom37_atom_exists;
  features["residx_atom14_to_atom37"] = masks.residx_atom14_to_atom37;
  features["residx_atom37_to_atom14"] = masks.residx_atom37_to_atom14;
}

void make_atom14_positions(TensorDict& features) {
  const at::Tensor& aatype = features.at("aatype");
  const at::Tensor& slots = features.at("residx_atom14_to_atom37");
  const at::Tensor exists = features.at("atom14_atom_exists") * gather_mask(features.at("all_atom_mask"), slots);
  const at::Tensor positions = exists.unsqueeze(-1) * gather_positions(features.at("all_atom_positions"), slots);
  const at::Tensor swap = rows_for(residue_tables::atom14_swap(), aatype);
  features["atom14_gt_exists"] = exists;
  features["atom14_gt_positions"] = positions;
  features["atom14_alt_gt_exists"] = exists.gather(1, swap);
  features["atom14_alt_gt_positions"] = gather_positions(positions, swap);
  features["atom14_atom_is_ambiguous"] = rows_for(residue_tables::atom14_is_ambiguous(), aatype);
}

void make_rigid_groups(TensorDict& features) {
  const at::Tensor& aatype = features.at("aatype");
  const at::Tensor slots = rows_for(residue_tables::rigid_group_base_atom37(), aatype);  // [L, 8, 3]
  const at::Tensor points = gather_positions(features.at("all_atom_positions"), slots);  // [L, 8, 3, 3]
  const at::Tensor group_exists = rows_for(residue_tables::rigid_group_mask(), aatype);
  const at::Tensor atoms_exist = gather_mask(features.at("all_atom_mask"), slots);

  // The backbone's frame has C on +x, the tables name the atom on -x.
  at::Tensor backbone_signs = torch::ones({rigid_group_count, 3});
  backbone_signs[0][0] = -1;
  backbone_signs[0][2] = -1;
  const Rigid frames = with_flipped_axes(
      Rigid::from_3_points(points.select(2, 0), points.select(2, 1), points.select(2, 2), 1e-8), backbone_signs);
  // An ambiguous group turned by pi about its x axis has the atoms of the exchanged names.
  const at::Tensor is_ambiguous = rows_for(residue_tables::rigid_group_is_ambiguous(), aatype);
  const at::Tensor flip = 1 - 2 * is_ambiguous;
  const Rigid alternative = with_flipped_axes(frames, at::stack({at::ones_like(flip), flip, flip}, -1));

  features["rigidgroups_gt_frames"] = frames.to_tensor_4x4();
  features["rigidgroups_alt_gt_frames"] = alternative.to_tensor_4x4();
  features["rigidgroups_gt_exists"] = std::get<0>(atoms_exist.min(-1)) * group_exists;
  features["rigidgroups_group_exists"] = group_exists;
  features["rigidgroups_group_is_ambiguous"] = is_ambiguous;
}

void make_torsion_angles(TensorDict& features) {
  const at::Tensor aatype = features.at("aatype").clamp_max(unknown_residue);
  const at::Tensor& positions = features.at("all_atom_positions");
  const at::Tensor& mask = features.at("all_atom_mask");
  const std::int64_t length = aatype.size(0);
  const at::Tensor previous = at::cat({torch::zeros({1, atom37_count, 3}), positions.narrow(0, 0, length - 1)});
  const at::Tensor previous_mask = at::cat({torch::zeros({1, atom37_count}), mask.narrow(0, 0, length - 1)});

  const auto atom = [](const at::Tensor& of, int slot) { return of.select(1, slot); };
  const auto four = [](const at::Tensor& a, const at::Tensor& b, const at::Tensor& c, const at::Tensor& d) {
    return at::stack({a, b, c, d}, 1);
  };
  const int n = atom37::n, ca = atom37::ca, c = atom37::c, o = atom37::o;
  const at::Tensor backbone =
      at::stack({four(atom(previous, ca), atom(previous, c), atom(positions, n), atom(positions, ca)),
                 four(atom(previous, c), atom(positions, n), atom(positions, ca), atom(positions, c)),
                 four(atom(positions, n), atom(positions, ca), atom(positions, c), atom(positions, o))},
                1);  // [L, 3, 4, 3]
  const at::Tensor has_backbone = atom(mask, n) * atom(mask, ca) * atom(mask, c);
  const at::Tensor backbone_mask =
      at::stack({atom(previous_mask, ca) * atom(previous_mask, c) * atom(mask, n) * atom(mask, ca),
                 atom(previous_mask, c) * has_backbone, has_backbone * atom(mask, o)},
                1);
  const at::Tensor chi_slots = rows_for(residue_tables::chi_atom37(), aatype);  // [L, 4, 4]
  const at::Tensor chi_mask = rows_for(residue_tables::chi_mask(), aatype) * gather_mask(mask, chi_slots).prod(-1);

  const at::Tensor points = at::cat({backbone, gather_positions(positions, chi_slots)}, 1);  // [L, 7, 4, 3]
  const Rigid frames = Rigid::from_3_points(points.select(2, 1), points.select(2, 2), points.select(2, 0), 1e-8);
  const at::Tensor fourth = frames.invert().apply(points.select(2, 3));
  at::Tensor sin_cos = at::stack({fourth.select(-1, 2), fourth.select(-1, 1)}, -1);
  sin_cos = sin_cos / at::sqrt(sin_cos.square().sum(-1, true) + 1e-8);
  // Psi is measured to O, which lies opposite to the next residue's N.
  sin_cos = sin_cos * torch::tensor({1.0F, 1.0F, -1.0F, 1.0F, 1.0F, 1.0F, 1.0F}).unsqueeze(-1);
  const at::Tensor mirror =
      at::cat({torch::ones({length, 3}), 1 - 2 * rows_for(residue_tables::chi_pi_periodic(), aatype)}, 1);

  features["torsion_angles_sin_cos"] = sin_cos;
  features["alt_torsion_angles_sin_cos"] = sin_cos * mirror.unsqueeze(-1);
  features["torsion_angles_mask"] = at::cat({backbone_mask, chi_mask}, 1);
}

void make_pseudo_beta(TensorDict& features) {
  auto [position, mask] =
      pseudo_beta(features.at("aatype"), features.at("all_atom_positions"), features.at("all_atom_mask"));
  features["pseudo_beta"] = position;
  features["pseudo_beta_mask"] = mask;
}

void get_backbone_frames(TensorDict& features) {
  features["backbone_rigid_tensor"] = features.at("rigidgroups_gt_frames").select(1, 0);
  features["backbone_rigid_mask"] = features.at("rigidgroups_gt_exists").select(1, 0);
}

void get_chi_angles(TensorDict& features) {
  features["chi_angles_sin_cos"] = features.at("torsion_angles_sin_cos").narrow(1, 3, chi_count);
  features["chi_mask"] = features.at("torsion_angles_mask").narrow(1, 3, chi_count);
}

}  // namespace foldperf::trainer
