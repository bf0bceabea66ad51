#include "trainer/loss/masked_msa.hpp"

#include <ATen/ATen.h>

#include "trainer/loss/cross_entropy.hpp"

namespace foldperf::trainer {

at::Tensor masked_msa_loss(const at::Tensor& logits, const at::Tensor& true_msa, const at::Tensor& bert_mask,
                           const MaskedMsaLossConfig& config) {
  return mean_over_pairs(softmax_cross_entropy(logits, true_msa), bert_mask, config.eps, 0.5).mean();
}

}  // namespace foldperf::trainer
