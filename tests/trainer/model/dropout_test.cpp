#include "trainer/model/dropout.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace foldperf::testing {
namespace {

using namespace foldperf::trainer;

TEST(SharedDropout, MaskIsSharedAlongItsDimensionOnly) {
  torch::manual_seed(1);
  const at::Tensor ones = torch::ones({2, 3, 50, 60, 4});
  const at::Tensor rowwise = SharedDropout::rowwise(0.25)(ones, true);
  EXPECT_TRUE(torch::equal(rowwise, rowwise.slice(-3, 0, 1).expand_as(rowwise)));
  EXPECT_FALSE(torch::equal(rowwise, rowwise.slice(-2, 0, 1).expand_as(rowwise)));
  EXPECT_FALSE(torch::equal(rowwise, rowwise.slice(-1, 0, 1).expand_as(rowwise)));
  EXPECT_FALSE(torch::equal(rowwise, rowwise.slice(0, 0, 1).expand_as(rowwise))) << "samples drop apart";
  EXPECT_FALSE(torch::equal(rowwise, rowwise.slice(1, 0, 1).expand_as(rowwise))) << "templates drop apart";
  const at::Tensor columnwise = SharedDropout::columnwise(0.25)(ones, true);
  EXPECT_TRUE(torch::equal(columnwise, columnwise.slice(-2, 0, 1).expand_as(columnwise)));
  EXPECT_FALSE(torch::equal(columnwise, columnwise.slice(-3, 0, 1).expand_as(columnwise)));
}

TEST(SharedDropout, DropsAtItsRateAndKeepsTheMean) {
  torch::manual_seed(2);
  const at::Tensor mask = shared_dropout_mask(torch::ones({1, 7, 400, 500}, torch::kFloat64), 0.15, -3);
  EXPECT_EQ(mask.sizes(), at::IntArrayRef({1, 1, 400, 500}));
  EXPECT_EQ(mask.scalar_type(), torch::kFloat64);
  EXPECT_NEAR(mask.eq(0).to(torch::kFloat64).mean().item<double>(), 0.15, 0.005);
  EXPECT_NEAR(mask.max().item<double>(), 1 / 0.85, 1e-12);
}

TEST(SharedDropout, IdentityInEvaluationAndAtRateZero) {
  const at::Tensor x = torch::randn({2, 3, 4});
  EXPECT_TRUE(torch::equal(SharedDropout::rowwise(0.5)(x, false), x));
  EXPECT_TRUE(torch::equal(SharedDropout::rowwise(0)(x, true), x));
  EXPECT_TRUE(torch::equal(SharedDropout::rowwise(1)(x, true), torch::zeros_like(x)));
}

TEST(SharedDropout, AddIsResidualPlusDroppedUpdate) {
  const at::Tensor residual = torch::randn({2, 6, 5, 4}), update = torch::randn({2, 6, 5, 4});
  const SharedDropout dropout = SharedDropout::rowwise(0.4);
  torch::manual_seed(4);
  const at::Tensor sum = dropout.add(residual, update, true);
  torch::manual_seed(4);
  EXPECT_TRUE(torch::allclose(sum, residual + dropout(update, true)));
  EXPECT_TRUE(torch::equal(dropout.add(residual, update, false), residual + update));
}

}  // namespace
}  // namespace foldperf::testing
