#include "trainer/checkpoint/model_weights.hpp"

#include <torch/torch.h>

#include <sstream>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

std::string shape_text(const at::Tensor& tensor) {
  std::ostringstream out;
  out << tensor.sizes();
  return out.str();
}

}  // namespace

TensorDict weights_of(const torch::nn::Module& model) {
  TensorDict weights;
  for (const auto& parameter : model.named_parameters()) {
    weights[parameter.key()] = parameter.value().detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  }
  return weights;
}

void assign_weights(torch::nn::Module& model, const TensorDict& weights, const std::string& path) {
  const auto parameters = model.named_parameters();
  for (const auto& parameter : parameters) {
    if (!weights.contains(parameter.key())) throw InputError(path, "has no weight '" + parameter.key() + "'");
    const at::Tensor& weight = weights.at(parameter.key());
    if (weight.sizes() != parameter.value().sizes()) {
      throw InputError(path, "weight '" + parameter.key() + "' has shape " + shape_text(weight) + ", the model's is " +
                                 shape_text(parameter.value()));
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (!parameters.contains(name))
      throw InputError(path, "the model of this configuration has no weight '" + name + "'");
  }
  at::NoGradGuard no_grad;
  for (const auto& parameter : parameters) parameter.value().copy_(weights.at(parameter.key()));
}

}  // namespace foldperf::trainer
