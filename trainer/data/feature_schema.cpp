#include "trainer/data/feature_schema.hpp"

#include "core/error.hpp"

namespace foldperf::trainer {

const std::map<std::string, std::vector<Dimension>>& feature_schema() {
  constexpr Dimension n = Dimension::residues, s = Dimension::msa_rows, e = Dimension::extra_msa_rows;
  constexpr Dimension t = Dimension::templates, x = Dimension::fixed;
  static const std::map<std::string, std::vector<Dimension>> schema = {
      {"aatype", {n}},
      {"all_atom_mask", {n, x}},
      {"all_atom_positions", {n, x, x}},
      {"atom14_alt_gt_exists", {n, x}},
      {"atom14_alt_gt_positions", {n, x, x}},
      {"atom14_atom_exists", {n, x}},
      {"atom14_atom_is_ambiguous", {n, x}},
      {"atom14_gt_exists", {n, x}},
      {"atom14_gt_positions", {n, x, x}},
      {"atom37_atom_exists", {n, x}},
      {"backbone_rigid_mask", {n}},
      {"backbone_rigid_tensor", {n, x, x}},
      {"bert_mask", {s, n}},
      {"chi_angles_sin_cos", {n, x, x}},
      {"chi_mask", {n, x}},
      {"extra_deletion_value", {e, n}},
      {"extra_has_deletion", {e, n}},
      {"extra_msa", {e, n}},
      {"extra_msa_mask", {e, n}},
      {"extra_msa_row_mask", {e}},
      {"is_distillation", {}},
      {"msa_feat", {s, n, x}},
      {"msa_mask", {s, n}},
      {"msa_row_mask", {s}},
      {"no_recycling_iters", {}},
      {"pseudo_beta", {n, x}},
      {"pseudo_beta_mask", {n}},
      {"residue_index", {n}},
      {"residx_atom14_to_atom37", {n, x}},
      {"residx_atom37_to_atom14", {n, x}},
      {"resolution", {}},
      {"rigidgroups_alt_gt_frames", {n, x, x, x}},
      {"rigidgroups_group_exists", {n, x}},
      {"rigidgroups_group_is_ambiguous", {n, x}},
      {"rigidgroups_gt_exists", {n, x}},
      {"rigidgroups_gt_frames", {n, x, x, x}},
      {"seq_embedding", {n, x}},
      {"seq_length", {}},
      {"seq_mask", {n}},
      {"target_feat", {n, x}},
      {"template_aatype", {t, n}},
      {"template_all_atom_mask", {t, n, x}},
      {"template_all_atom_positions", {t, n, x, x}},
      {"template_alt_torsion_angles_sin_cos", {t, n, x, x}},
      {"template_mask", {t}},
      {"template_pseudo_beta", {t, n, x}},
      {"template_pseudo_beta_mask", {t, n}},
      {"template_sum_probs", {t, x}},
      {"template_torsion_angles_mask", {t, n, x}},
      {"template_torsion_angles_sin_cos", {t, n, x, x}},
      {"true_msa", {s, n}},
      {"use_clamped_fape", {}},
  };
  return schema;
}

std::vector<std::int64_t> padded_shape(const std::string& name, at::IntArrayRef sizes, const PaddedSize& size) {
  auto shape = sizes.vec();
  const auto found = feature_schema().find(name);
  if (found == feature_schema().end()) return shape;
  if (shape.size() != found->second.size()) {
    throw Error("feature " + name + " has " + std::to_string(shape.size()) + " dimensions, expected " +
                std::to_string(found->second.size()));
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t wanted = 0;
    switch (found->second[i]) {
      case Dimension::residues:
        wanted = size.residues;
        break;
      case Dimension::msa_rows:
        wanted = size.msa_rows;
        break;
      case Dimension::extra_msa_rows:
        wanted = size.extra_msa_rows;
        break;
      case Dimension::templates:
        wanted = size.templates;
        break;
      case Dimension::fixed:
        break;
    }
    if (wanted == 0) continue;
    if (shape[i] > wanted) {
      throw Error("feature " + name + " has " + std::to_string(shape[i]) + " entries where the fixed size is " +
                  std::to_string(wanted));
    }
    shape[i] = wanted;
  }
  return shape;
}

void copy_to_front(at::Tensor padded, const at::Tensor& tensor) {
  for (std::int64_t dim = 0; dim < tensor.dim(); ++dim) padded = padded.narrow(dim, 0, tensor.size(dim));
  padded.copy_(tensor);
}

}  // namespace foldperf::trainer
