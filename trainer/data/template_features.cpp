#include "trainer/data/template_features.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

TensorDict template_raw_features(const std::vector<Template>& templates, std::int64_t length) {
  const auto count = static_cast<std::int64_t>(templates.size());
  const auto letters = static_cast<std::int64_t>(hhblits_letters.size());
  const at::Tensor aatype = torch::zeros({count, length, letters}, torch::kInt64);
  const at::Tensor positions = torch::empty({count, length, atom37_count, 3}, torch::kFloat32);
  const at::Tensor mask = torch::empty({count, length, atom37_count}, torch::kFloat32);
  const at::Tensor sum_probs = torch::empty({count, 1}, torch::kFloat32);
  auto one_hot = aatype.accessor<std::int64_t, 3>();
  for (std::int64_t t = 0; t < count; ++t) {
    const Template& source = templates[static_cast<std::size_t>(t)];
    const std::size_t atoms = static_cast<std::size_t>(length) * atom37_count;
    if (source.sequence.size() != static_cast<std::size_t>(length) || source.atom_mask.size() != atoms ||
        source.atom_positions.size() != atoms * 3) {
      throw Error("template " + source.domain + " is over " + std::to_string(source.sequence.size()) +
                  " residues, but the chain has " + std::to_string(length));
    }
    for (std::int64_t i = 0; i < length; ++i) {
      const auto type = hhblits_from_letter(source.sequence[static_cast<std::size_t>(i)]);
      one_hot[t][i][type.value_or(unknown_residue)] = 1;
    }
    std::copy(source.atom_positions.begin(), source.atom_positions.end(),
              positions.data_ptr<float>() + t * length * atom37_count * 3);
    std::copy(source.atom_mask.begin(), source.atom_mask.end(), mask.data_ptr<float>() + t * length * atom37_count);
    sum_probs.data_ptr<float>()[t] = source.sum_probs;
  }
  return {{"template_aatype", aatype},
          {"template_all_atom_positions", positions},
          {"template_all_atom_mask", mask},
          {"template_sum_probs", sum_probs}};
}

}  // namespace foldperf::trainer
