// Templates as raw features: names, types and shapes are OpenFold's (openfold/data/templates.py: TEMPLATE_FEATURES).
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/input/template_search.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// T templates over L residues: template_aatype [T, L, 22] one-hot in HHblits' order, int64; template_all_atom_positions
// [T, L, 37, 3] Angstrom, template_all_atom_mask [T, L, 37] and template_sum_probs [T, 1], float32. T may be 0.
// Throws Error for a template that is not over L residues.
TensorDict template_raw_features(const std::vector<Template>& templates, std::int64_t length);

}  // namespace foldperf::trainer
