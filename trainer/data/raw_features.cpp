#include "trainer/data/raw_features.hpp"

#include <torch/torch.h>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// A copy of a vector's values.
at::Tensor to_tensor(const std::vector<float>& values, at::IntArrayRef shape) {
  at::Tensor tensor = torch::empty(shape, torch::kFloat32);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

}  // namespace

TensorDict sequence_features(const std::string& sequence) {
  const auto length = static_cast<std::int64_t>(sequence.size());
  at::Tensor aatype = torch::zeros({length, residue_type_count + 1}, torch::kInt32);
  auto one_hot = aatype.accessor<std::int32_t, 2>();
  for (std::int64_t i = 0; i < length; ++i) one_hot[i][residue_from_letter(sequence[static_cast<std::size_t>(i)])] = 1;
  return {{"aatype", aatype},
          {"between_segment_residues", torch::zeros({length}, torch::kInt32)},
          {"residue_index", torch::arange(length, torch::kInt32)},
          {"seq_length", torch::full({length}, length, torch::kInt32)}};
}

TensorDict structure_features(const ProteinChain& chain) {
  TensorDict features = sequence_features(chain.sequence);
  const auto length = static_cast<std::int64_t>(chain.length());
  features["all_atom_positions"] = to_tensor(chain.atom_positions, {length, atom37_count, 3});
  features["all_atom_mask"] = to_tensor(chain.atom_mask, {length, atom37_count});
  features["resolution"] = torch::full({1}, static_cast<float>(chain.resolution));
  features["is_distillation"] = torch::full({}, chain.is_distillation ? 1.0F : 0.0F);
  return features;
}

}  // namespace foldperf::trainer
