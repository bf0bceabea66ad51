#include "trainer/loss/plddt.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/loss/cross_entropy.hpp"
#include "trainer/loss/lddt.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// int64 [*, N]: the bin of the lDDT-Calpha that the prediction reached.
at::Tensor target_bins(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask,
                       const PlddtLossConfig& config) {
  const at::NoGradGuard no_grad;
  at::Tensor score = lddt_ca(predicted, truth, mask, config.cutoff, config.eps);
  score = at::where(score.isnan(), score.nanmean(), score).clamp_min_(0);
  // Cut to the bins before it becomes an integer: a batch that is all NaN must not yield a class out of range. NaN
  // survives both clamps, so it is mapped to bin 0; the loss is not finite then and is dropped as a whole.
  return (score * static_cast<double>(config.no_bins))
      .floor_()
      .nan_to_num_(0.0)
      .clamp_max_(static_cast<double>(config.no_bins - 1))
      .to(at::kLong);
}

}  // namespace

at::Tensor plddt_loss(const at::Tensor& logits, const at::Tensor& predicted, const at::Tensor& all_atom_positions,
                      const at::Tensor& all_atom_mask, const at::Tensor& resolution, const PlddtLossConfig& config) {
  const at::Tensor bins = target_bins(predicted.detach(), all_atom_positions, all_atom_mask, config);
  const at::Tensor mask = all_atom_mask.select(-1, atom37::ca);
  const at::Tensor errors = softmax_cross_entropy(logits, bins);
  const at::Tensor loss = (errors * mask).sum(-1) / (mask.sum(-1) + config.eps);
  return (loss * resolution_mask(resolution, config.min_resolution, config.max_resolution, loss.scalar_type())).mean();
}

}  // namespace foldperf::trainer
