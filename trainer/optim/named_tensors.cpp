#include "trainer/optim/named_tensors.hpp"

#include <ATen/ATen.h>

namespace foldperf::trainer {

void save_named(TensorDict& state, const std::string& prefix, const NamedParameters& parameters,
                const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    state[prefix + parameters[i].first] = tensors[i].detach().to(at::kCPU, tensors[i].scalar_type(), false, true);
  }
}

std::vector<at::Tensor> tensors_of(const NamedParameters& parameters) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parameters.size());
  for (const auto& [name, tensor] : parameters) tensors.push_back(tensor);
  return tensors;
}

}  // namespace foldperf::trainer
