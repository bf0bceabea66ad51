#include "trainer/loss/tm.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/loss/cross_entropy.hpp"
#include "trainer/loss/fape.hpp"
#include "trainer/protein/rigid.hpp"

namespace foldperf::trainer {

at::Tensor tm_loss(const at::Tensor& logits, const at::Tensor& final_affine_tensor,
                   const at::Tensor& backbone_rigid_tensor, const at::Tensor& backbone_rigid_mask,
                   const at::Tensor& resolution, const TmLossConfig& config) {
  at::Tensor bins;
  {
    const at::NoGradGuard no_grad;
    const Rigid predicted = rigid_from_tensor(final_affine_tensor);
    const Rigid truth = Rigid::from_tensor_4x4(backbone_rigid_tensor);
    // Each CA seen from each frame. Its own frame sees it at exactly nought, which the first bin's boundary (0,
    // exclusive) asks for: so the offset is taken before the rotation, not after.
    const auto points = [](const Rigid& frames) { return frames.invert_apply_to_many(frames.trans.unsqueeze(-3)); };
    const at::Tensor squared = (points(predicted) - points(truth)).square().sum(-1);
    bins = squared_distance_bins(squared, 0.0, config.max_bin, config.no_bins);
  }
  const at::Tensor pair_mask = backbone_rigid_mask.unsqueeze(-1) * backbone_rigid_mask.unsqueeze(-2);
  const at::Tensor loss = mean_over_pairs(softmax_cross_entropy(logits, bins), pair_mask, config.eps, 0.5);
  return (loss * resolution_mask(resolution, config.min_resolution, config.max_resolution, loss.scalar_type())).mean();
}

}  // namespace foldperf::trainer
