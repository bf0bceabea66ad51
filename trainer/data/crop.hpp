// Which residues and templates of a chain a sample has.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "trainer/data/feature_schema.hpp"

namespace foldperf::trainer {

struct Crop {
  std::int64_t start = 0;               // first residue
  std::int64_t size = 0;                // residues
  std::vector<std::int64_t> templates;  // rows to keep, in this order
};

// The shape of a feature of the whole chain after its crop.
std::vector<std::int64_t> cropped_shape(const std::vector<Dimension>& dimensions, at::IntArrayRef sizes,
                                        const Crop& crop);

// The crop of a feature of the whole chain to the front of `place`, contiguous and of the feature's type; zeros behind
// it. Residues are a feature's first dimension, or the one behind the templates.
void copy_crop(const at::Tensor& place, const std::vector<Dimension>& dimensions, const at::Tensor& feature,
               const Crop& crop);

// Whether the first dimension is that of templates.
bool is_of_templates(const std::vector<Dimension>& dimensions);

}  // namespace foldperf::trainer
