#include "trainer/model/relative_positions.hpp"

#include <torch/torch.h>

namespace foldperf::trainer {

// On one-hot vectors a linear layer is a look-up in its columns.
at::Tensor embed_relative_positions(const at::Tensor& weight, const at::Tensor& residue_index) {
  const std::int64_t farthest = weight.size(1) / 2;
  const at::Tensor index = residue_index.to(torch::kLong);
  const at::Tensor distance = (index.unsqueeze(-1) - index.unsqueeze(-2)).clamp_(-farthest, farthest);
  return at::embedding(weight.t().contiguous(), distance + farthest);
}

}  // namespace foldperf::trainer
