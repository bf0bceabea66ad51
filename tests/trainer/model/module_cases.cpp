#include "tests/trainer/model/module_cases.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace foldperf::testing {

using trainer::TensorDict;

namespace {

void load_weights(torch::nn::Module& module, const TensorDict& weights) {
  const torch::NoGradGuard no_grad;
  const auto parameters = module.named_parameters();
  EXPECT_EQ(parameters.size(), weights.size()) << "the module and the file have different parameters";
  for (const auto& item : parameters) {
    ASSERT_TRUE(weights.contains(item.key())) << "the file has no weight " << item.key();
    ASSERT_EQ(item.value().sizes(), weights.at(item.key()).sizes()) << item.key();
    item.value().copy_(weights.at(item.key()));
  }
}

TensorDict differentiable(const TensorDict& inputs) {
  return trainer::map_tensors(
      inputs, [](const at::Tensor& t) { return t.is_floating_point() ? t.clone().set_requires_grad(true) : t; });
}

at::Tensor objective(const TensorDict& outputs, const TensorDict& cotangents) {
  at::Tensor sum = torch::zeros({});
  for (const auto& [name, cotangent] : cotangents) {
    if (outputs.contains(name)) sum = sum + (outputs.at(name) * cotangent).sum();
  }
  return sum;
}

}  // namespace

ModuleFactory find_factory(const ModuleFactories& factories, const std::string& file_name) {
  std::string name = file_name;
  while (true) {
    if (const auto found = factories.find(name); found != factories.end()) return found->second;
    const auto underscore = name.rfind('_');
    if (underscore == std::string::npos) return {};
    name.resize(underscore);
  }
}

void check_module_file(const std::string& file_name, const ModuleFactory& factory) {
  check_module_path(golden_dir() / "modules" / (file_name + ".pt"), factory);
}

void check_module_path(const std::filesystem::path& path, const ModuleFactory& factory) {
  SCOPED_TRACE(path.string());
  const TensorDict file = load_tensors(path);
  EXPECT_FALSE(with_prefix(file, "out.").empty()) << "the file has nothing to compare";
  const nlohmann::json entry = manifest_entry(path);
  const ModuleCase module_case = factory(entry.at("hyper_parameters"));
  load_weights(*module_case.module, with_prefix(file, "weight."));
  if (::testing::Test::HasFatalFailure()) return;

  const TensorDict inputs = differentiable(with_prefix(file, "in."));
  const TensorDict outputs = module_case.run(inputs);
  const TensorDict valid = with_prefix(file, "valid.");
  for (const auto& [name, expected] : with_prefix(file, "out.")) {
    expect_close("out." + name, outputs.contains(name) ? outputs.at(name) : at::Tensor(), expected,
                 module_case.limits.outputs, valid.contains(name) ? valid.at(name) : at::Tensor());
  }

  objective(outputs, with_prefix(file, "cot.")).backward();
  const double scale = largest_magnitude(with_prefix(file, "grad."));
  for (const auto& [name, expected] : with_prefix(file, "grad.in.")) {
    expect_gradient_close("grad.in." + name, inputs.at(name).grad(), expected, module_case.limits.gradients, scale);
  }
  const auto parameters = module_case.module->named_parameters();
  for (const auto& [name, expected] : with_prefix(file, "grad.weight.")) {
    const at::Tensor* parameter = parameters.find(name);
    expect_gradient_close("grad.weight." + name, parameter ? parameter->grad() : at::Tensor(), expected,
                          module_case.limits.gradients, scale);
  }
}

}  // namespace foldperf::testing
