#include "trainer/loss/tm.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/loss/cross_entropy.hpp"
#include "trainer/loss/fape.hpp"

namespace foldperf::trainer {

at::Tensor tm_loss(const at::Tensor& logits, const at::Tensor& final_affine_tensor,
                   const at::Tensor& backbone_rigid_tensor, const at::Tensor& backbone_rigid_mask,
                   const at::Tensor& resolution, const TmLossConfig& config) {
  at::Tensor bins;
  {
    const at::NoGradGuard no_grad;
    const Rigid predicted = rigid_from_tensor(final_affine_tensor);
    const Rigid truth = Rigid::from_tensor_4x4(backbone_rigid_tensor);
    const at::Tensor squared =
        local_differences(predicted, truth, predicted.trans, truth.trans).square().sum(-3);
    bins = squared_distance_bins(squared, 0.0, config.max_bin, config.no_bins);
  }
  const at::Tensor pair_mask = backbone_rigid_mask.unsqueeze(-1) * backbone_rigid_mask.unsqueeze(-2);
  const at::Tensor loss = mean_over_pairs(softmax_cross_entropy(logits, bins), pair_mask, config.eps, 0.5);
  return (loss * resolution_mask(resolution, config.min_resolution, config.max_resolution, loss.scalar_type())).mean();
}

}  // namespace foldperf::trainer
