// Adam, clipping and the moving average on small parameters.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "trainer/optim/adam.hpp"
#include "trainer/optim/clip.hpp"
#include "trainer/optim/exponential_moving_average.hpp"
#include "trainer/optim/named_tensors.hpp"

namespace foldperf::trainer {
namespace {

NamedParameters make_parameters(torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(1);
  return {{"a.weight", torch::randn({4, 3}, type).requires_grad_()},
          {"b.bias", torch::randn({5}, type).requires_grad_()}};
}

void set_gradients(const NamedParameters& parameters, double scale) {
  for (const auto& [name, parameter] : parameters) parameter.mutable_grad() = torch::full_like(parameter, scale);
}

std::vector<torch::Tensor> copies(const NamedParameters& parameters) {
  std::vector<torch::Tensor> result;
  for (const auto& [name, parameter] : parameters) result.push_back(parameter.detach().clone());
  return result;
}

class AdamOfType : public ::testing::TestWithParam<torch::ScalarType> {};

TEST_P(AdamOfType, EqualsTorch) {
  const NamedParameters ours = make_parameters(GetParam());
  const NamedParameters reference = make_parameters(GetParam());
  const AdamOptions options{.lr = 3e-3, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-5};
  Adam adam(ours, options);
  torch::optim::Adam torch_adam(
      tensors_of(reference),
      torch::optim::AdamOptions(options.lr).betas({options.beta1, options.beta2}).eps(options.eps));
  for (int step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ours[i].second.mutable_grad() = torch::sin(ours[i].second.detach() * (step + 1));
      reference[i].second.mutable_grad() = torch::sin(reference[i].second.detach() * (step + 1));
    }
    adam.step();
    torch_adam.step();
  }
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(torch::allclose(ours[i].second, reference[i].second, 0, GetParam() == torch::kFloat64 ? 1e-14 : 1e-6));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, AdamOfType, ::testing::Values(torch::kFloat32, torch::kFloat64),
                         [](const auto& tested) { return std::string(c10::toString(tested.param)); });

TEST(Adam, SkipsAStepWhoseGradientIsNotFinite) {
  const NamedParameters parameters = make_parameters();
  Adam adam(parameters);
  set_gradients(parameters, 0.5);
  adam.step();
  const std::vector<torch::Tensor> before = copies(parameters);
  const TensorDict state_before = map_tensors(adam.live_state(), [](const at::Tensor& t) { return t.clone(); });

  set_gradients(parameters, std::nan(""));
  const ClippedNorm clipped = clip_gradients(tensors_of(parameters), 0.1);
  EXPECT_EQ(clipped.not_finite.item<float>(), 1);
  EXPECT_FALSE(std::isfinite(clipped.norm.item<float>()));
  adam.step(clipped.not_finite);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(torch::equal(before[i], parameters[i].second));
  for (const auto& [name, tensor] : adam.live_state()) EXPECT_TRUE(torch::equal(tensor, state_before.at(name))) << name;
}

TEST(Adam, LeavesAParameterWithoutGradientAlone) {
  const NamedParameters parameters = make_parameters();
  Adam adam(parameters);
  set_gradients(parameters, 0.5);
  parameters[1].second.mutable_grad() = torch::Tensor();
  const std::vector<torch::Tensor> before = copies(parameters);
  adam.step();
  EXPECT_FALSE(torch::equal(before[0], parameters[0].second));
  EXPECT_TRUE(torch::equal(before[1], parameters[1].second));
  EXPECT_EQ(adam.live_state().at("step.b.bias").item<float>(), 0);
}

TEST(Adam, ContinuesFromItsSavedState) {
  const NamedParameters one = make_parameters();
  const NamedParameters two = make_parameters();
  Adam first(one), second(two);
  const auto train = [](Adam& adam, int steps) {
    for (int i = 0; i < steps; ++i) {
      for (const auto& [name, p] : adam.parameters()) p.mutable_grad() = torch::cos(p.detach());
      adam.step();
    }
  };
  train(first, 6);
  train(second, 3);
  Adam resumed(two);
  const TensorDict saved = second.live_state();
  for (const auto& [name, tensor] : resumed.live_state()) tensor.copy_(saved.at(name));
  train(resumed, 3);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i].second, two[i].second));
}

TEST(Clip, ScalesToTheGlobalNorm) {
  const NamedParameters parameters = make_parameters();
  set_gradients(parameters, 2.0);
  const double norm = 2.0 * std::sqrt(17.0);
  const ClippedNorm clipped = clip_gradients(tensors_of(parameters), 0.1);
  EXPECT_NEAR(clipped.norm.item<double>(), norm, 1e-5);
  EXPECT_EQ(clipped.not_finite.item<float>(), 0);
  EXPECT_NEAR(parameters[0].second.grad()[0][0].item<double>(), 2.0 * 0.1 / norm, 1e-6);
}

TEST(Clip, LeavesSmallGradientsAndMeasuresWithoutALimit) {
  const NamedParameters parameters = make_parameters();
  set_gradients(parameters, 1e-3);
  (void)clip_gradients(tensors_of(parameters), 0.1);
  EXPECT_EQ(parameters[0].second.grad()[0][0].item<float>(), 1e-3f);
  set_gradients(parameters, 5.0);
  (void)clip_gradients(tensors_of(parameters), 0);
  EXPECT_EQ(parameters[0].second.grad()[0][0].item<float>(), 5.0f);
}

TEST(MovingAverage, FollowsTheParametersAndSwapsWithThem) {
  const NamedParameters parameters = make_parameters();
  ExponentialMovingAverage average(parameters, 0.9);
  const std::vector<torch::Tensor> start = copies(parameters);
  {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : parameters) parameter.add_(1.0);
  }
  average.update();
  const std::vector<torch::Tensor> trained = copies(parameters);
  {
    const AveragedWeights evaluation(average);
    EXPECT_TRUE(torch::allclose(parameters[0].second, start[0] + 0.1, 0, 1e-6));
    EXPECT_TRUE(parameters[0].second.requires_grad());
  }
  EXPECT_TRUE(torch::equal(parameters[0].second, trained[0]));
  EXPECT_TRUE(torch::allclose(average.state().at("b.bias"), start[1] + 0.1, 0, 1e-6));
}

}  // namespace
}  // namespace foldperf::trainer
