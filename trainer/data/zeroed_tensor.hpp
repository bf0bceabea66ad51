// Zeros that cost nothing until they are written: most of a padded batch is padding.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// A contiguous CPU tensor of zeros. The memory of a large one comes fresh from the system, which hands out zeroed pages
// when they are first touched.
at::Tensor zeroed_tensor(at::IntArrayRef shape, at::ScalarType type);

}  // namespace foldperf::trainer
