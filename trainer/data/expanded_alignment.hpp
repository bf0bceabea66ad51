// The features of a sample's alignment, from their compact form (openfold data_transforms.make_msa_feat, and the
// masks).
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/data/compact_sample.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

struct AlignmentFeature {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;  // [P, ...], padded
};
// bert_mask, true_msa, msa_feat, msa_mask, msa_row_mask and, with extra rows, extra_msa, extra_msa_mask,
// extra_msa_row_mask, extra_has_deletion, extra_deletion_value.
std::vector<AlignmentFeature> expanded_features(const CompactSample& sample);

// Fill these features, which are zeros on the sample's device. On the CPU with plain loops, on as many threads as
// LibTorch's operators would take; anywhere with operators.
void fill_by_loops(const CompactSample& sample, TensorDict& features);
void fill_by_operators(const CompactSample& sample, TensorDict& features);

}  // namespace foldperf::trainer
