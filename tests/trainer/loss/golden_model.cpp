#include "tests/trainer/loss/golden_model.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace foldperf::testing {

using namespace trainer;

AlphaFold golden_model(const nlohmann::json& config, const TensorDict& weights, at::ScalarType type) {
  AlphaFold model(model_config_from_json(config));
  model->to(type);
  model->train();
  const torch::NoGradGuard no_grad;
  TensorDict left = weights;
  for (auto& item : model->named_parameters()) {
    if (!weights.contains(item.key()) || weights.at(item.key()).sizes() != item.value().sizes()) {
      ADD_FAILURE() << "no weight of shape " << item.value().sizes() << " for parameter " << item.key();
      continue;
    }
    item.value().copy_(weights.at(item.key()));
    left.erase(item.key());
  }
  for (const auto& [name, tensor] : left) ADD_FAILURE() << "no parameter for the weight " << name;
  return model;
}

NamedParameters named_parameters(const AlphaFold& model) {
  NamedParameters parameters;
  for (const auto& item : model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

}  // namespace foldperf::testing
