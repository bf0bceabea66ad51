#include "trainer/checkpoint/model_weights.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "trainer/checkpoint/openfold_names.hpp"
#include "trainer/config/nearest_name.hpp"
#include "trainer/shape_text.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t most_named = 3;

// The nearest of the names by letters; empty where none is near. All names end in ".weight" or ".bias": that two have
// the same last part says nothing.
std::string near_name(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = name.size() / 2 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t lengths = std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size());
    if (lengths >= best_distance) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

// "2 missing: 'a' (the file has 'b'), 'c'; "
template <typename Describe>
void complain(std::string& text, const std::vector<std::string>& names, const char* what, const Describe& describe) {
  if (names.empty()) return;
  text += (text.empty() ? "" : "; ") + std::to_string(names.size()) + " " + what + ": ";
  for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) {
    text += (i == 0 ? "'" : ", '") + names[i] + "'" + describe(names[i]);
  }
  if (names.size() > most_named) text += ", ...";
}

}  // namespace

TensorDict weights_of(const torch::nn::Module& model) {
  TensorDict weights;
  for (const auto& parameter : model.named_parameters()) {
    weights[parameter.key()] = parameter.value().detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  }
  return weights;
}

TensorDict fitted_weights(const TensorDict& weights, const TensorDict& expected, const std::string& path) {
  TensorDict fitted;
  std::vector<std::string> unknown, missing, misshapen;
  for (const auto& [given, tensor] : weights) {
    std::string name = given;
    if (!expected.contains(name)) name = name_since_v2(given);
    if (!expected.contains(name)) {
      unknown.push_back(given);
    } else if (fitted.contains(name)) {
      throw InputError(path, "has two weights for '" + name + "', one of them as '" + given + "'");
    } else {
      fitted[name] = tensor;
    }
  }
  for (const auto& [name, tensor] : expected) {
    if (!fitted.contains(name)) {
      missing.push_back(name);
    } else if (fitted.at(name).sizes() != tensor.sizes()) {
      misshapen.push_back(name);
    }
  }
  std::string complaint;
  complain(complaint, missing, "missing", [&](const std::string& name) {
    const std::string nearest = near_name(name, unknown);
    return nearest.empty() ? nearest : " (the file has '" + nearest + "')";
  });
  complain(complaint, unknown, "unknown", [&](const std::string& name) {
    const std::string nearest = near_name(name, missing);
    return nearest.empty() ? nearest : " (the model has '" + nearest + "')";
  });
  complain(complaint, misshapen, "of another shape", [&](const std::string& name) {
    return " has " + shape_text(fitted.at(name).sizes()) + ", the model's is " + shape_text(expected.at(name).sizes());
  });
  if (!complaint.empty()) {
    throw InputError(path, "its " + std::to_string(weights.size()) +
                               " weights do not fit the model of this configuration: " + complaint);
  }
  return fitted;
}

void assign_weights(torch::nn::Module& model, const TensorDict& weights, const std::string& path) {
  const auto parameters = model.named_parameters();
  TensorDict expected;
  for (const auto& parameter : parameters) expected[parameter.key()] = parameter.value();
  const TensorDict fitted = fitted_weights(weights, expected, path);
  at::NoGradGuard no_grad;
  for (const auto& parameter : parameters) parameter.value().copy_(fitted.at(parameter.key()));
}

}  // namespace foldperf::trainer
