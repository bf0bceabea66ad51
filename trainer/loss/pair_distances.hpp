// Distances between all atoms of two sets.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// a [*, P, 3], b [*, Q, 3] -> [*, P, Q]: sqrt(eps + |a_i - b_j|^2), from the differences themselves (no cancellation).
at::Tensor pair_distances(const at::Tensor& a, const at::Tensor& b, double eps);

}  // namespace foldperf::trainer
