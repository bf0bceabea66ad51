#include "trainer/loss/distogram.hpp"

#include <ATen/ATen.h>

#include "trainer/loss/cross_entropy.hpp"

namespace foldperf::trainer {

at::Tensor distogram_loss(const at::Tensor& logits, const at::Tensor& pseudo_beta, const at::Tensor& pseudo_beta_mask,
                          const DistogramLossConfig& config) {
  const at::Tensor squared = (pseudo_beta.unsqueeze(-2) - pseudo_beta.unsqueeze(-3)).square().sum(-1);
  const at::Tensor bins = squared_distance_bins(squared, config.min_bin, config.max_bin, config.no_bins);
  const at::Tensor pair_mask = pseudo_beta_mask.unsqueeze(-1) * pseudo_beta_mask.unsqueeze(-2);
  return mean_over_pairs(softmax_cross_entropy(logits, bins), pair_mask, config.eps).mean();
}

}  // namespace foldperf::trainer
