// Transforms of templates (openfold/data/data_transforms.py, functions of these names or with the prefix "template_").
// T is the number of templates, L the length; all float32 unless said.
#pragma once

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Whether raw features of at least one template are there (template_features.hpp).
bool has_templates(const TensorDict& features);
// Removes every feature whose name starts with "template_".
void remove_templates(TensorDict& features);

// template_aatype from one-hot [T, L, 22] in HHblits' order to int64 [T, L] in that of aatype (21 is the gap).
void fix_templates_aatype(TensorDict& features);
// Adds template_mask [T], all ones: padding adds zeros.
void make_template_mask(TensorDict& features);
// Adds template_pseudo_beta [T, L, 3] and template_pseudo_beta_mask [T, L]: CB, or CA of glycine.
void make_template_pseudo_beta(TensorDict& features);
// Adds template_torsion_angles_sin_cos, template_alt_torsion_angles_sin_cos [T, L, 7, 2] and
// template_torsion_angles_mask [T, L, 7].
void make_template_torsion_angles(TensorDict& features);

}  // namespace foldperf::trainer
