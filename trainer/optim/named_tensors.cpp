#include "trainer/optim/named_tensors.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <sstream>

namespace foldperf::trainer {

void save_named(TensorDict& state, const std::string& prefix, const NamedParameters& parameters,
                const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    state[prefix + parameters[i].first] = tensors[i].detach().to(at::kCPU, tensors[i].scalar_type(), false, true);
  }
}

void load_named(const TensorDict& state, const std::string& prefix, const NamedParameters& parameters,
                const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string name = prefix + parameters[i].first;
    const at::Tensor& saved = state.at(name);
    if (saved.sizes() != tensors[i].sizes()) {
      std::ostringstream message;
      message << "tensor '" << name << "' has shape " << saved.sizes() << ", but the model's has " << tensors[i].sizes()
              << ": it was saved with another configuration";
      throw Error(message.str(), ExitCode::bad_input);
    }
  }
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    tensors[i].copy_(state.at(prefix + parameters[i].first));
  }
}

std::vector<at::Tensor> tensors_of(const NamedParameters& parameters) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parameters.size());
  for (const auto& [name, tensor] : parameters) tensors.push_back(tensor);
  return tensors;
}

}  // namespace foldperf::trainer
