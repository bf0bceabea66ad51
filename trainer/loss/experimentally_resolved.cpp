#include "trainer/loss/experimentally_resolved.hpp"

#include <ATen/ATen.h>

#include "trainer/loss/cross_entropy.hpp"

namespace foldperf::trainer {

at::Tensor experimentally_resolved_loss(const at::Tensor& logits, const at::Tensor& atom37_atom_exists,
                                        const at::Tensor& all_atom_mask, const at::Tensor& resolution,
                                        const ExperimentallyResolvedLossConfig& config) {
  const at::Tensor loss = mean_over_pairs(sigmoid_cross_entropy(logits, all_atom_mask), atom37_atom_exists, config.eps);
  return (loss * resolution_mask(resolution, config.min_resolution, config.max_resolution, loss.scalar_type())).mean();
}

}  // namespace foldperf::trainer
