// Loss terms and the gradient of every parameter of whole models against OpenFold.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <iostream>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/golden_model.hpp"
#include "tests/trainer/loss/model_cases.hpp"
#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/optim/clip.hpp"

namespace foldperf::testing {

using namespace trainer;

namespace {

constexpr double loss_limit = 1e-5;
constexpr double gradient_limit = 1e-3;
constexpr double norm_limit = 1e-4;

class GoldenModelGradients : public ::testing::TestWithParam<std::string> {};

// The features of the first `passes` passes.
TensorDict first_passes(const TensorDict& batch, std::int64_t passes) {
  return map_tensors(batch, [&](const at::Tensor& tensor) { return tensor.narrow(-1, 0, passes).contiguous(); });
}

void check_gradients(const AlphaFold& model, const TensorDict& expected) {
  // A bias that is constant over a softmax (layer_norm_z.bias of the attention with pair bias, linear_b.bias) has no
  // gradient but rounding errors, which cannot agree, and must only stay small.
  const double scale = largest_magnitude(expected);
  double worst = 0;
  std::string worst_name;
  for (const auto& item : model->named_parameters()) {
    if (!expected.contains(item.key())) continue;
    const at::Tensor& reference = expected.at(item.key());
    // A parameter that nothing depends on has no gradient here, and zeros there.
    const at::Tensor gradient = item.value().grad().defined() ? item.value().grad() : torch::zeros_like(reference);
    expect_gradient_close("gradient of " + item.key(), gradient, reference, gradient_limit, scale);
    if (largest_magnitude(TensorDict{{item.key(), reference}}) <= gradient_noise * scale) continue;
    if (const double error = relative_error(gradient, reference); error > worst) {
      worst = error;
      worst_name = item.key();
    }
  }
  const auto parameters = model->named_parameters();
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(parameters.contains(name)) << "no parameter for the gradient of " << name;
  }
  std::cout << "worst gradient: " << worst_name << " " << worst << "\n";
}

TEST_P(GoldenModelGradients, EqualOpenFold) {
  const TensorDict file = load_golden("model", GetParam());
  const nlohmann::json& entry = manifest().at("model").at(GetParam());
  AlphaFold model = golden_model(entry.at("config"), with_prefix(file, "weight."), torch::kFloat32);
  const TensorDict batch = with_prefix(file, "batch.");
  const std::vector<LossCase> cases = loss_cases(file, entry);
  EXPECT_FALSE(cases.empty()) << "the file has no losses";
  for (const LossCase& loss_case : cases) {
    SCOPED_TRACE(loss_case.prefix);
    model->zero_grad();
    const TensorDict outputs = model->forward(first_passes(batch, loss_case.extra_passes + 1));
    const LossResult result = AlphaFoldLoss(loss_case.config)
                                  .compute(outputs, recycling_slice(batch, loss_case.extra_passes, torch::kFloat32));
    for (const auto& [term, expected] : with_prefix(file, loss_case.prefix + "loss.")) {
      const at::Tensor actual = term == "loss"            ? result.total
                                : term == "unscaled_loss" ? result.unscaled
                                                          : result.value(term);
      expect_close(term, actual, expected, loss_limit);
    }
    const TensorDict gradients = with_prefix(file, loss_case.prefix + "grad.");
    if (gradients.empty()) continue;
    result.total.backward();
    check_gradients(model, gradients);
    if (file.contains(loss_case.prefix + "grad_norm")) {
      // A norm limit of 0 measures without clipping.
      expect_close("grad_norm", clip_gradients(model->parameters(), 0).norm, file.at(loss_case.prefix + "grad_norm"),
                   norm_limit);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenModelGradients, ::testing::ValuesIn(discover("model")), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenModelGradients);

TEST(GoldenModels, AreFound) { EXPECT_FALSE(discover("model").empty()) << "no case in " << golden_dir() / "model"; }

}  // namespace
}  // namespace foldperf::testing
