// Features of templates and of extra sequences, built from a batch (openfold/utils/feats.py). No parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/model_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// One-hot squared-distance bins of positions [*, N, 3] in Angstrom: [*, N, N, no_bins]. Bin i holds distances strictly
// between bound i and bound i + 1 (the last: squared distance under inf); a value on a bound is in no bin (all zeros).
at::Tensor distogram_of_positions(const at::Tensor& positions, double min_bin, double max_bin, std::int64_t no_bins,
                                  double inf);

// Reads template_aatype [*, N], template_torsion_angles_sin_cos and template_alt_torsion_angles_sin_cos [*, N, 7, 2],
// template_torsion_angles_mask [*, N, 7]; gives [*, N, 57]. Leading dimensions may hold templates.
at::Tensor build_template_angle_feat(const TensorDict& batch);

// Reads template_aatype [*, N], template_pseudo_beta [*, N, 3], template_pseudo_beta_mask [*, N],
// template_all_atom_positions [*, N, 37, 3], template_all_atom_mask [*, N, 37]; gives [*, N, N, no_bins + 49]:
// distogram, mask, types of both residues, unit vector (zeros unless config.use_unit_vector), backbone mask.
at::Tensor build_template_pair_feat(const TensorDict& batch, const TemplateConfig& config);

// Reads extra_msa [*, S, N] (0 to 22), extra_has_deletion and extra_deletion_value [*, S, N]; gives [*, S, N, 25].
at::Tensor build_extra_msa_feat(const TensorDict& batch);

}  // namespace foldperf::trainer
