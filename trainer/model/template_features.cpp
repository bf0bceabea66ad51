#include "trainer/model/template_features.hpp"

#include <torch/torch.h>

#include "trainer/protein/residue_types.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor one_hot(const at::Tensor& classes, std::int64_t count, at::ScalarType type) {
  // at::one_hot looks at the values to check them, which waits for the device; this does not.
  return classes.unsqueeze(-1).eq(at::arange(count, classes.options())).to(type);
}

at::Tensor outer(const at::Tensor& mask) { return mask.unsqueeze(-1) * mask.unsqueeze(-2); }

// Directions between backbone frames [*, N, N, 3]: where residue j's CA lies in residue i's frame.
at::Tensor backbone_directions(const at::Tensor& atoms, const at::Tensor& backbone_mask_2d, double eps) {
  const Rigid frames =
      Rigid::from_backbone(atoms.select(-2, atom37::n), atoms.select(-2, atom37::ca), atoms.select(-2, atom37::c), eps);
  const at::Tensor local = frames.invert_apply_to_many(frames.trans.unsqueeze(-3));
  const at::Tensor inverse_distance = at::rsqrt(local.square().sum(-1) + eps) * backbone_mask_2d;
  return local * inverse_distance.unsqueeze(-1);
}

}  // namespace

at::Tensor distogram_of_positions(const at::Tensor& positions, double min_bin, double max_bin, std::int64_t no_bins,
                                  double inf) {
  const torch::NoGradGuard no_grad;  // bins have no slope
  const at::Tensor lower = at::linspace(min_bin, max_bin, no_bins, positions.options()).square();
  const at::Tensor upper = at::cat({lower.slice(0, 1), at::full({1}, inf, lower.options())});
  const at::Tensor squared = (positions.unsqueeze(-2) - positions.unsqueeze(-3)).square().sum(-1, true);
  return squared.gt(lower).logical_and_(squared.lt(upper)).to(positions.scalar_type());
}

at::Tensor build_template_angle_feat(const TensorDict& batch) {
  const at::Tensor& mask = batch.at("template_torsion_angles_mask");
  return at::cat({one_hot(batch.at("template_aatype"), 22, mask.scalar_type()),
                  batch.at("template_torsion_angles_sin_cos").flatten(-2),
                  batch.at("template_alt_torsion_angles_sin_cos").flatten(-2), mask},
                 -1);
}

at::Tensor build_template_pair_feat(const TensorDict& batch, const TemplateConfig& config) {
  const at::Tensor& atoms = batch.at("template_all_atom_positions");
  const at::Tensor& atom_mask = batch.at("template_all_atom_mask");
  const at::Tensor types = one_hot(batch.at("template_aatype"), 22, atom_mask.scalar_type());
  const at::Tensor pseudo_beta_mask_2d = outer(batch.at("template_pseudo_beta_mask"));
  const at::Tensor backbone_mask_2d =
      outer(atom_mask.select(-1, atom37::n) * atom_mask.select(-1, atom37::ca) * atom_mask.select(-1, atom37::c));

  std::vector<std::int64_t> types_shape = backbone_mask_2d.sizes().vec();
  types_shape.push_back(types.size(-1));
  std::vector<std::int64_t> vector_shape = backbone_mask_2d.sizes().vec();
  vector_shape.push_back(3);
  // OpenFold multiplies the vectors by 0 unless told to use them.
  const at::Tensor directions = config.use_unit_vector ? backbone_directions(atoms, backbone_mask_2d, config.eps)
                                                       : at::zeros({1}, atoms.options()).expand(vector_shape);
  const at::Tensor features =
      at::cat({distogram_of_positions(batch.at("template_pseudo_beta"), config.distogram.min_bin,
                                      config.distogram.max_bin, config.distogram.no_bins, config.inf),
               pseudo_beta_mask_2d.unsqueeze(-1), types.unsqueeze(-3).expand(types_shape),
               types.unsqueeze(-2).expand(types_shape), directions, backbone_mask_2d.unsqueeze(-1)},
              -1);
  return features * backbone_mask_2d.unsqueeze(-1);
}

at::Tensor build_extra_msa_feat(const TensorDict& batch) {
  const at::Tensor& has_deletion = batch.at("extra_has_deletion");
  return at::cat({one_hot(batch.at("extra_msa"), 23, has_deletion.scalar_type()), has_deletion.unsqueeze(-1),
                  batch.at("extra_deletion_value").unsqueeze(-1)},
                 -1);
}

}  // namespace foldperf::trainer
