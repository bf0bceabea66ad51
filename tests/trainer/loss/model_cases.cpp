#include "tests/trainer/loss/model_cases.hpp"

#include <torch/torch.h>

#include <set>

#include "core/error.hpp"
#include "tests/support/golden.hpp"

namespace foldperf::testing {

using namespace trainer;

namespace {

// The same configuration with the weights of a section "<variant>_loss_weights" of the manifest.
LossConfig with_weights(const nlohmann::json& config, const nlohmann::json& weights) {
  nlohmann::json changed = config;
  for (const auto& [term, weight] : weights.items()) changed.at(term).at("weight") = weight;
  return loss_config_from_json(changed);
}

}  // namespace

std::vector<LossCase> loss_cases(const TensorDict& file, const nlohmann::json& entry) {
  constexpr const char* total = ".loss.loss";
  constexpr const char* run_prefix = "recycle";
  std::vector<LossCase> cases;
  for (const auto& [key, tensor] : file) {
    if (key.rfind(run_prefix, 0) != 0 || !key.ends_with(total)) continue;
    const std::string prefix = key.substr(0, key.size() - std::string(total).size());
    const std::string run = prefix.substr(0, prefix.find('.'));
    const std::string variant = run.size() < prefix.size() ? prefix.substr(run.size() + 1) : "";
    const nlohmann::json& config = entry.at("loss_config");
    cases.push_back({.run = run,
                     .prefix = prefix + ".",
                     .extra_passes = std::stoll(run.substr(std::string(run_prefix).size())),
                     .config = variant.empty() ? loss_config_from_json(config)
                                               : with_weights(config, entry.at(variant + "_loss_weights"))});
  }
  return cases;
}

TensorDict recycling_slice(const TensorDict& batch, std::int64_t pass, at::ScalarType type) {
  return map_tensors(batch, [&](const at::Tensor& tensor) {
    const at::Tensor slice = tensor.select(-1, pass).contiguous();
    return slice.is_floating_point() ? slice.to(type) : slice;
  });
}

}  // namespace foldperf::testing
