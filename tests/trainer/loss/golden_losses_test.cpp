// Every loss term against OpenFold: values, sub-terms and gradients with respect to the predictions.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/loss_cases.hpp"

namespace foldperf::testing {

using trainer::TensorDict;

namespace {

constexpr double output_limit = 1e-5;
constexpr double gradient_limit = 2e-5;
const std::string metrics_prefix = "validation_metrics";  // golden_metrics_test.cpp

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const std::string& name : discover("losses")) {
    if (name.rfind(metrics_prefix, 0) != 0) names.push_back(name);
  }
  return names;
}

struct Case {
  TensorDict inputs;     // predictions require gradients
  TensorDict outputs;    // expected
  TensorDict doubles;    // expected in float64, as far as the file has it
  TensorDict gradients;  // expected, by prediction
  nlohmann::json hyper_parameters;
};

Case load(const std::string& name, torch::ScalarType type) {
  const TensorDict file = load_golden("losses", name);
  Case result{with_prefix(file, "in."), with_prefix(file, "out."), with_prefix(file, "f64.out."),
              with_prefix(file, "grad.in."), manifest().at("losses").at(name).at("hyper_parameters")};
  for (auto& [input, tensor] : result.inputs) {
    if (tensor.is_floating_point()) tensor = tensor.to(type).clone();
    if (result.gradients.contains(input)) tensor.requires_grad_();
  }
  return result;
}

// Terms that sort distances or scores into bins, or compare them with thresholds: float32 and float64 may fall on
// different sides (lDDT is a ratio of small counts, which lies on an edge often), and the value then steps (the golden
// README on bin edges). In float64 they are compared as terms of the trajectory_float64 in tests/trainer/optim.
bool moves_in_steps(const std::string& name) {
  static const std::vector<std::string> terms = {"distogram", "lddt_loss", "renamed_ground_truth", "tm", "violation"};
  return std::any_of(terms.begin(), terms.end(),
                     [&](const std::string& term) { return name == term || name.rfind(term + "_", 0) == 0; });
}

class GoldenLoss : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenLoss, EqualsOpenFold) {
  const Case golden = load(GetParam(), torch::kFloat32);
  ASSERT_FALSE(golden.outputs.empty()) << "the file has nothing to compare";
  const TensorDict actual = run_loss_case(GetParam(), golden.inputs, golden.hyper_parameters);
  for (const auto& [name, expected] : golden.outputs) {
    ASSERT_TRUE(actual.contains(name)) << name;
    expect_close(name, actual.at(name), expected, output_limit);
  }
  if (golden.gradients.empty()) return;
  actual.at("loss").backward();
  for (const auto& [name, expected] : golden.gradients) {
    const torch::Tensor gradient = golden.inputs.at(name).grad();
    expect_close("gradient of " + name, gradient.defined() ? gradient : torch::zeros_like(expected), expected,
                 gradient_limit);
  }
}

TEST_P(GoldenLoss, StaysInDoublePrecision) {
  const Case golden = load(GetParam(), torch::kFloat64);
  const TensorDict actual = run_loss_case(GetParam(), golden.inputs, golden.hyper_parameters);
  for (const auto& [name, expected] : golden.outputs) {
    ASSERT_TRUE(actual.contains(name)) << name;
    EXPECT_EQ(actual.at(name).scalar_type(), torch::kFloat64) << name;
    if (golden.doubles.contains(name)) {
      expect_close(name, actual.at(name), golden.doubles.at(name), output_limit);
    } else if (!moves_in_steps(GetParam())) {
      expect_close(name, actual.at(name), expected, output_limit);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, GoldenLoss, ::testing::ValuesIn(cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenLoss);

// A name that no term has fails as a case.
TEST(GoldenLosses, AreFound) { EXPECT_FALSE(cases().empty()) << "no loss term in " << golden_dir() / "losses"; }

}  // namespace
}  // namespace foldperf::testing
