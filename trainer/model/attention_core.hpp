// softmax(scale * q k^T + biases) v with its gradients, written out: one buffer holds logits, then probabilities,
// biases are what the product accumulates onto, and only the probabilities are kept for the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace foldperf::trainer {

// q [*, H, Q, C], k and v [*, H, K, C] (any strides), biases that broadcast to [*, H, Q, K]; gives [*, H, Q, C].
at::Tensor attention_core(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const std::vector<at::Tensor>& biases, double scale);

// The same from one tensor of projections, qkv [*, R, S, 3, H, C], which is taken apart and put in order in one copy.
// With G groups of L positions (R, S; or S, R when `columns`) biases broadcast to [*, G, H, L, L]. Gives a view
// [*, R, S, H, C].
at::Tensor attention_core_packed(const at::Tensor& qkv, const std::vector<at::Tensor>& biases, double scale,
                                 bool columns);

}  // namespace foldperf::trainer
