#include "trainer/data/msa_draws.hpp"

#include <torch/torch.h>

namespace foldperf::trainer {

Rows draw_block_starts(RandomStream& stream, std::int64_t depth, const BlockDeleteMsaConfig& config) {
  const std::int64_t blocks = config.randomize_num_blocks ? stream.integer(0, config.num_blocks) : config.num_blocks;
  Rows starts;
  for (std::int64_t i = 0; i < blocks; ++i) starts.push_back(stream.integer(1, depth - 1));
  return starts;
}

at::Tensor draw_masked_positions(RandomStream& stream, std::int64_t rows, std::int64_t length) {
  at::Tensor uniform = torch::empty({rows, length}, torch::kFloat32);
  float* out = uniform.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < uniform.numel(); ++i) out[i] = stream.uniform();
  return uniform;
}

at::Tensor draw_masked_residues(RandomStream& stream, const TensorDict& features, const MaskedMsaConfig& config,
                                const at::Tensor& uniform, double replace_fraction) {
  const at::Tensor probabilities = masked_msa_probabilities(features, config);
  const std::int64_t classes = probabilities.size(-1);
  at::Tensor residues = torch::zeros(uniform.sizes(), torch::kInt64);
  const float* draw = uniform.const_data_ptr<float>();
  const float* share = probabilities.const_data_ptr<float>();
  std::int64_t* out = residues.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < uniform.numel(); ++i, share += classes) {
    if (!(draw[i] < static_cast<float>(replace_fraction))) continue;
    float sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += share[c];
    float rest = stream.uniform() * sum;
    std::int64_t chosen = 0;
    while (chosen + 1 < classes && rest >= share[chosen]) rest -= share[chosen++];
    // Rounding may run past the last class that is possible at all.
    while (chosen > 0 && share[chosen] == 0) --chosen;
    out[i] = chosen;
  }
  return residues;
}

}  // namespace foldperf::trainer
