// Cross entropies against class numbers, and the masked means around them. Nothing here waits for the device.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// logits [*, classes], classes of the targets int64 [*] -> [*]: -log softmax(logits)[target].
at::Tensor softmax_cross_entropy(const at::Tensor& logits, const at::Tensor& targets);

// logits [*], labels [*] in 0..1 -> [*]. Computed in float64 (OpenFold utils/loss.py, sigmoid_cross_entropy), returned
// in the type of the logits.
at::Tensor sigmoid_cross_entropy(const at::Tensor& logits, const at::Tensor& labels);

// sum(values * mask, last two dimensions) / (eps + scale * sum(mask)) * scale. The scale of 0.5 that OpenFold gives to
// some terms only matters through eps.
at::Tensor mean_over_pairs(const at::Tensor& values, const at::Tensor& mask, double eps, double scale = 1.0);

// sum(mask * values) / (eps + sum(mask)) over the given dimensions; the mask broadcasts to the values first (OpenFold
// utils/tensor_utils.py, masked_mean).
at::Tensor masked_mean(const at::Tensor& mask, const at::Tensor& values, at::IntArrayRef dims, double eps = 1e-4);

// 1 where min <= resolution <= max (Angstrom, both inclusive), else 0; in the given type.
at::Tensor resolution_mask(const at::Tensor& resolution, double min_resolution, double max_resolution,
                           at::ScalarType type);

// Index of the squared distance's bin: the number of boundaries, no_bins - 1 of them linearly from `first` to `last`
// Angstrom, that lie strictly below. Boundaries are float32 whatever the type of the distances, as OpenFold's.
at::Tensor squared_distance_bins(const at::Tensor& squared_distances, double first, double last, std::int64_t no_bins);

}  // namespace foldperf::trainer
