// Initialisations against their definitions; against OpenFold's statistics, evoformer_init_test.cpp.
#include "trainer/model/linear.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace foldperf::testing {
namespace {

using namespace foldperf::trainer;

struct Statistics {
  double mean, deviation, low, high;
};

Statistics statistics(const at::Tensor& tensor) {
  const at::Tensor x = tensor.detach().to(torch::kFloat64);
  return {x.mean().item<double>(), x.std(false).item<double>(), x.min().item<double>(), x.max().item<double>()};
}

Statistics weight_statistics(LinearInit init) {
  torch::manual_seed(7);
  return statistics(Linear(300, 500, init)->weight);
}

TEST(LinearInit, TruncatedNormalHasTheVarianceAskedForAndIsCutAtTwoWidenedDeviations) {
  for (const auto& [init, variance] : {std::pair{LinearInit::lecun, 1.0 / 300}, {LinearInit::relu, 2.0 / 300}}) {
    const Statistics found = weight_statistics(init);
    const double deviation = std::sqrt(variance);
    EXPECT_NEAR(found.mean, 0, 0.01 * deviation);
    EXPECT_NEAR(found.deviation, deviation, 0.01 * deviation);
    const double cut = 2 * deviation / 0.87962566103423978;
    EXPECT_LE(found.high, cut * (1 + 1e-6));
    EXPECT_GE(found.low, -cut * (1 + 1e-6));
    EXPECT_GT(found.high, 0.99 * cut);
  }
}

TEST(LinearInit, Glorot) {
  const Statistics found = weight_statistics(LinearInit::glorot);
  const double bound = std::sqrt(6.0 / 800);
  EXPECT_NEAR(found.high, bound, 1e-4);
  EXPECT_NEAR(found.low, -bound, 1e-4);
  EXPECT_NEAR(found.deviation, bound / std::sqrt(3.0), 0.01 * bound);
}

TEST(LinearInit, Normal) {
  const Statistics found = weight_statistics(LinearInit::normal);
  EXPECT_NEAR(found.deviation, std::sqrt(1.0 / 300), 0.01 * std::sqrt(1.0 / 300));
  EXPECT_GT(found.high, 4 * found.deviation);
}

TEST(LinearInit, GatingIsAnOpenGateAndFinalIsZero) {
  const Linear gating(3, 4, LinearInit::gating), final_layer(3, 4, LinearInit::final);
  EXPECT_TRUE(torch::equal(gating->weight, torch::zeros({4, 3})));
  EXPECT_TRUE(torch::equal(gating->bias, torch::ones({4})));
  EXPECT_TRUE(torch::equal(final_layer->weight, torch::zeros({4, 3})));
  EXPECT_TRUE(torch::equal(final_layer->bias, torch::zeros({4})));
}

TEST(Linear, BiasCanBeLeftOut) {
  const Linear linear(3, 4, LinearInit::lecun, false);
  EXPECT_EQ(linear->parameters().size(), 1U);
  const at::Tensor x = torch::randn({2, 3});
  EXPECT_TRUE(torch::allclose(linear->forward(x), torch::matmul(x, linear->weight.t())));
}

}  // namespace
}  // namespace foldperf::testing
