#include "trainer/loss/cross_entropy.hpp"

#include <ATen/ATen.h>

namespace foldperf::trainer {

at::Tensor softmax_cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor flat = logits.reshape({-1, logits.size(-1)});
  return at::cross_entropy_loss(flat, targets.reshape({-1}), {}, at::Reduction::None).view(targets.sizes());
}

at::Tensor sigmoid_cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  return at::binary_cross_entropy_with_logits(logits.to(at::kDouble), labels.to(at::kDouble), {}, {},
                                              at::Reduction::None)
      .to(logits.scalar_type());
}

at::Tensor mean_over_pairs(const at::Tensor& values, const at::Tensor& mask, double eps, double scale) {
  // Divided row by row, as OpenFold does, so that half precision does not overflow.
  const at::Tensor count = (mask * scale).sum({-1, -2}) + eps;
  return ((values * mask).sum(-1) / count.unsqueeze(-1)).sum(-1) * scale;
}

at::Tensor masked_mean(const at::Tensor& mask, const at::Tensor& values, at::IntArrayRef dims, double eps) {
  const at::Tensor expanded = mask.expand(values.sizes());
  return (expanded * values).sum(dims) / (expanded.sum(dims) + eps);
}

at::Tensor resolution_mask(const at::Tensor& resolution, double min_resolution, double max_resolution,
                           at::ScalarType type) {
  return resolution.ge(min_resolution).logical_and_(resolution.le(max_resolution)).to(type);
}

at::Tensor squared_distance_bins(const at::Tensor& squared_distances, double first, double last, std::int64_t no_bins) {
  const at::Tensor boundaries =
      at::linspace(first, last, no_bins - 1, squared_distances.options().dtype(at::kFloat)).square();
  return at::bucketize(squared_distances, boundaries.to(squared_distances.scalar_type()));
}

}  // namespace foldperf::trainer
