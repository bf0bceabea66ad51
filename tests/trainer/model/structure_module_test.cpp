// What must hold for the structure module whatever its weights are.
#include "trainer/model/structure_module.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/support/golden.hpp"

namespace foldperf::trainer {
namespace {

using testing::expect_close;

StructureModuleConfig small_config() {
  StructureModuleConfig config;
  config.c_s = 16;
  config.c_z = 8;
  config.c_ipa = 4;
  config.c_resnet = 8;
  config.no_heads_ipa = 2;
  config.no_qk_points = 2;
  config.no_v_points = 3;
  config.no_blocks = 3;
  return config;
}

// Weights that are zero at the start (final layers) get values, so that every part matters.
template <typename Module>
Module with_random_weights(Module module) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : module->parameters()) parameter.normal_(0, 0.3);
  module->eval();
  return module;
}

TEST(InvariantPointAttention, DoesNotSeeWhereTheProteinLies) {
  torch::manual_seed(4);
  constexpr std::int64_t residues = 9;
  auto ipa = with_random_weights(InvariantPointAttention(16, 8, 4, 2, 2, 3));
  ipa->to(torch::kFloat64);
  const at::Tensor s = torch::randn({residues, 16}, torch::kFloat64);
  const at::Tensor z = torch::randn({residues, residues, 8}, torch::kFloat64);
  const at::Tensor mask = torch::ones({residues}, torch::kFloat64);
  const auto random_frames = [](std::int64_t count) {
    return QuatRigid{normalize_quat(torch::randn({count, 4}, torch::kFloat64)),
                     3 * torch::randn({count, 3}, torch::kFloat64)}
        .to_rigid();
  };
  const Rigid frames = random_frames(residues);
  const Rigid moved = random_frames(1).compose(frames);
  expect_close("moved", ipa(s, z, moved, mask), ipa(s, z, frames, mask), 1e-9);
}

TEST(InvariantPointAttention, IgnoresMaskedResidues) {
  torch::manual_seed(5);
  auto ipa = with_random_weights(InvariantPointAttention(16, 8, 4, 2, 2, 3));
  const at::Tensor s = torch::randn({6, 16});
  const at::Tensor z = torch::randn({6, 6, 8});
  const Rigid frames{torch::eye(3).expand({6, 3, 3}), torch::randn({6, 3})};
  const at::Tensor mask = torch::tensor({1.0F, 1.0F, 1.0F, 1.0F, 0.0F, 0.0F});
  at::Tensor other = s.clone();
  other.narrow(0, 4, 2).normal_();
  expect_close("first four", ipa(other, z, frames, mask).narrow(0, 0, 4), ipa(s, z, frames, mask).narrow(0, 0, 4),
               1e-5);
}

class StructureModuleProperties : public ::testing::Test {
 protected:
  StructureModuleProperties() { torch::manual_seed(6); }
  StructureModule module_ = with_random_weights(StructureModule(small_config()));
  at::Tensor single_ = torch::randn({2, 7, 16});
  at::Tensor pair_ = torch::randn({2, 7, 7, 8});
  at::Tensor aatype_ = torch::randint(0, 20, {2, 7}, torch::kInt64);
};

TEST_F(StructureModuleProperties, ProteinsOfABatchDoNotMix) {
  const TensorDict together = module_(single_, pair_, aatype_, at::Tensor());
  for (int i = 0; i < 2; ++i) {
    const TensorDict alone =
        module_(single_.narrow(0, i, 1), pair_.narrow(0, i, 1), aatype_.narrow(0, i, 1), torch::ones({1, 7}));
    for (const auto& [name, expected] : alone) {
      const std::int64_t batch_dim = name == "single" ? 0 : 1;
      expect_close(name, together.at(name).narrow(batch_dim, i, 1), expected, 2e-5);
    }
  }
}

TEST_F(StructureModuleProperties, FramesAreRigid) {
  const TensorDict out = module_(single_, pair_, aatype_, at::Tensor());
  const at::Tensor quat = out.at("frames").narrow(-1, 0, 4);
  expect_close("unit quaternions", quat.square().sum(-1), torch::ones({3, 2, 7}), 1e-5);
  const at::Tensor rot = out.at("sidechain_frames").select(-3, 0).narrow(-1, 0, 3).narrow(-2, 0, 3);
  expect_close("rotations", at::matmul(rot, rot.transpose(-1, -2)), torch::eye(3).expand({3, 2, 7, 3, 3}), 1e-5);
  EXPECT_EQ(out.at("positions").sizes(), at::IntArrayRef({3, 2, 7, 14, 3}));
}

TEST_F(StructureModuleProperties, GradientsAreFinite) {
  const TensorDict out = module_(single_, pair_, aatype_, at::Tensor());
  (out.at("positions").sum() + out.at("frames").sum() + out.at("angles").sum()).backward();
  for (const auto& item : module_->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
  }
}

}  // namespace
}  // namespace foldperf::trainer
