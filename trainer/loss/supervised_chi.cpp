#include "trainer/loss/supervised_chi.hpp"

#include <ATen/ATen.h>

#include "trainer/loss/cross_entropy.hpp"
#include "trainer/protein/residue_constants.hpp"

namespace foldperf::trainer {

at::Tensor supervised_chi_loss(const at::Tensor& angles, const at::Tensor& unnormalized_angles,
                               const at::Tensor& aatype, const at::Tensor& seq_mask, const at::Tensor& chi_mask,
                               const at::Tensor& chi_angles_sin_cos, const SupervisedChiLossConfig& config) {
  const auto squared_error = [chi = angles.slice(-2, 3)](const at::Tensor& truth) {
    return (truth - chi).square().sum(-1);  // [blocks, *, N, 4]
  };
  const at::Tensor periodic = residue_tables::as(residue_tables::chi_pi_periodic(), angles).index({aatype});
  const at::Tensor shifted = (1 - 2 * periodic).unsqueeze(-1) * chi_angles_sin_cos;
  const at::Tensor chi_error = at::minimum(squared_error(chi_angles_sin_cos), squared_error(shifted));
  const at::Tensor norm_error = ((unnormalized_angles.square().sum(-1) + config.eps).sqrt() - 1.0).abs();

  // Mean over blocks, residues and angles.
  const at::Tensor chi_loss = masked_mean(chi_mask.unsqueeze(0), chi_error, {0, -2, -1});
  const at::Tensor norm_loss = masked_mean(seq_mask.unsqueeze(0).unsqueeze(-1), norm_error, {0, -2, -1});
  return (config.chi_weight * chi_loss + config.angle_norm_weight * norm_loss).mean();
}

}  // namespace foldperf::trainer
