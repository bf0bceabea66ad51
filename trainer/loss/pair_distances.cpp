#include "trainer/loss/pair_distances.hpp"

#include <ATen/ATen.h>

namespace foldperf::trainer {

at::Tensor pair_distances(const at::Tensor& a, const at::Tensor& b, double eps) {
  // Coordinates come first, so that the long dimension is contiguous and the sum over them runs along it.
  const at::Tensor difference =
      a.transpose(-1, -2).contiguous().unsqueeze(-1) - b.transpose(-1, -2).contiguous().unsqueeze(-2);
  return (difference.square().sum(-3) + eps).sqrt();
}

}  // namespace foldperf::trainer
