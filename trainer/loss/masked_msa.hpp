// Masked MSA loss (AlphaFold 2 supplement 1.9.9; OpenFold utils/loss.py, masked_msa_loss).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/config/loss_config.hpp"

namespace foldperf::trainer {

// logits [*, rows, N, num_classes] of the sampled rows (no template rows), true_msa int64 [*, rows, N], bert_mask
// [*, rows, N] (1 where the residue was masked) -> scalar: mean cross entropy of the masked residues, then over the
// batch.
at::Tensor masked_msa_loss(const at::Tensor& logits, const at::Tensor& true_msa, const at::Tensor& bert_mask,
                           const MaskedMsaLossConfig& config);

}  // namespace foldperf::trainer
