#include "trainer/optim/master_weights.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"

namespace foldperf::trainer {
namespace {

class Masters : public ::testing::Test {
 protected:
  Masters() {
    exact = {torch::tensor({1.0F, 1.001F}), torch::tensor({2.0F, 3.0F})};
    rounded = exact[0].to(at::kBFloat16).set_requires_grad(true);
    wide = exact[1].clone().set_requires_grad(true);
  }
  [[nodiscard]] MasterWeights make() const { return MasterWeights({{"rounded", rounded}, {"wide", wide}}, exact); }
  void backward(double factor) const { ((rounded.to(at::kFloat) * wide).sum() * factor).backward(); }

  std::vector<at::Tensor> exact;
  at::Tensor rounded, wide;
};

TEST_F(Masters, KeepTheDigitsThatTheModelLoses) {
  MasterWeights weights = make();
  EXPECT_TRUE(torch::equal(weights.masters()[0].second, exact[0]));
  EXPECT_TRUE(weights.masters()[1].second.is_same(wide)) << "float32 needs no copy";
  // A change too small for bfloat16 adds up in the master.
  for (int i = 0; i < 10; ++i) {
    weights.masters()[0].second.add_(0.001F);
    weights.publish();
  }
  EXPECT_FLOAT_EQ(rounded[0].item<float>(), at::Tensor(torch::tensor(1.01F)).to(at::kBFloat16).item<float>());
  EXPECT_NEAR(weights.masters()[0].second[0].item<float>(), 1.01F, 1e-5);
}

TEST_F(Masters, AddUpGradientsInFloat32) {
  MasterWeights weights = make();
  backward(1);
  weights.take_gradients(true);
  EXPECT_FALSE(rounded.grad().defined());
  EXPECT_FALSE(wide.grad().defined());
  backward(3);
  weights.take_gradients(false);
  {
    const MasterWeights::Gradients gradients(weights, 0.5);
    const at::Tensor of_rounded = weights.masters()[0].second.grad();
    EXPECT_EQ(of_rounded.scalar_type(), at::kFloat);
    EXPECT_TRUE(torch::allclose(of_rounded, 2 * exact[1])) << of_rounded;
    EXPECT_TRUE(torch::allclose(wide.grad(), 2 * rounded.detach().to(at::kFloat)));
  }
  EXPECT_FALSE(wide.grad().defined());
  backward(1);
  weights.take_gradients(true);
  const MasterWeights::Gradients gradients(weights);
  EXPECT_TRUE(torch::allclose(weights.masters()[0].second.grad(), exact[1])) << "the first replaces what was there";
}

TEST_F(Masters, AParameterWithoutGradientHasZeros) {
  MasterWeights weights = make();
  backward(1);
  weights.take_gradients(true);
  (wide * 5).sum().backward();
  weights.take_gradients(true);
  const MasterWeights::Gradients gradients(weights);
  EXPECT_EQ(weights.masters()[0].second.grad().abs().sum().item<float>(), 0);
  EXPECT_EQ(wide.grad()[0].item<float>(), 5);
}

TEST_F(Masters, WantAnExactWeightForEach) {
  EXPECT_THROW(MasterWeights({{"rounded", rounded}}, {}), Error);
  MasterWeights weights = make();
  EXPECT_THROW(MasterWeights::Gradients{weights}, Error) << "nothing was differentiated yet";
}

}  // namespace
}  // namespace foldperf::trainer
