#include "trainer/protein/rigid.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "tests/support/golden.hpp"

namespace foldperf::trainer {
namespace {

using testing::discover_or_default;
using testing::expect_close;
using testing::load_tensors;
using testing::with_prefix;

constexpr double output_limit = 1e-5;
constexpr double gradient_limit = 7e-5;

at::Tensor point(const at::Tensor& three_points, int i) { return three_points.select(-2, i); }

TensorDict results(const TensorDict& in) {
  // The file's quaternions are unit ones, and its gradients treat all four numbers as free.
  const QuatRigid first{in.at("quats_1"), in.at("trans_1")};
  const QuatRigid second{in.at("quats_2"), in.at("trans_2")};
  const Rigid a = first.to_rigid();
  const Rigid b = second.to_rigid();
  const at::Tensor& three = in.at("three_points");
  return {
      {"compose_q_update_vec", first.compose_update(in.at("update")).to_tensor_7()},
      {"rot_mats_1", a.rot},
      {"to_tensor_4x4_1", a.to_tensor_4x4()},
      {"quat_multiply", quat_multiply(first.quat, second.quat)},
      {"compose", a.compose(b).to_tensor_4x4()},
      {"invert", a.invert().to_tensor_4x4()},
      {"apply", a.apply(in.at("points"))},
      {"invert_apply", a.invert_apply(in.at("points"))},
      {"scale_translation_10", a.scale_translation(10).to_tensor_4x4()},
      {"from_3_points", Rigid::from_3_points(point(three, 0), point(three, 1), point(three, 2), 1e-8).to_tensor_4x4()},
      {"make_transform_from_reference",
       Rigid::from_backbone(point(three, 0), point(three, 1), point(three, 2), 1e-8).to_tensor_4x4()},
      {"rot_to_quat_2", rot_to_quat(b.rot)},
  };
}

TEST(RigidGolden, EveryFile) {
  for (const std::filesystem::path& path : discover_or_default("modules", "rigid_ops")) {
    SCOPED_TRACE(path.string());
    const TensorDict file = load_tensors(path);
    const TensorDict in =
        map_tensors(with_prefix(file, "in."), [](const at::Tensor& t) { return t.clone().set_requires_grad(true); });
    TensorDict out = results(in);
    const TensorDict expected = with_prefix(file, "out.");
    EXPECT_FALSE(expected.empty()) << "the file has nothing to compare";
    // The sign of an eigenvector is arbitrary.
    if (expected.contains("rot_to_quat_2")) {
      const at::Tensor& quat = expected.at("rot_to_quat_2");
      out["rot_to_quat_2"] = out["rot_to_quat_2"] * (out["rot_to_quat_2"] * quat).sum(-1, true).sign();
    }
    for (const auto& [key, value] : expected) {
      expect_close(key, out.contains(key) ? out.at(key) : at::Tensor(), value, output_limit);
    }
    for (const auto& [key, cotangent] : with_prefix(file, "cot.")) {
      (out.at(key) * cotangent).sum().backward({}, true);
    }
    for (const auto& [key, gradient] : with_prefix(file, "grad.in.")) {
      expect_close("grad.in." + key, in.at(key).grad(), gradient, gradient_limit);
    }
  }
}

class RigidOperations : public ::testing::Test {
 protected:
  static Rigid random_frames(at::IntArrayRef shape, std::int64_t seed) {
    torch::manual_seed(seed);
    auto quat_shape = shape.vec();
    quat_shape.push_back(4);
    auto trans_shape = shape.vec();
    trans_shape.push_back(3);
    return QuatRigid{normalize_quat(torch::randn(quat_shape, torch::kFloat64)),
                     torch::randn(trans_shape, torch::kFloat64)}
        .to_rigid();
  }
};

TEST_F(RigidOperations, InverseUndoes) {
  const Rigid frames = random_frames({2, 5}, 1);
  const at::Tensor points = torch::randn({2, 5, 3}, torch::kFloat64);
  expect_close("invert_apply(apply)", frames.invert_apply(frames.apply(points)), points, 1e-12);
  expect_close("compose(invert)", frames.compose(frames.invert()).to_tensor_4x4(),
               torch::eye(4, torch::kFloat64).expand({2, 5, 4, 4}), 1e-12);
  expect_close("invert_quat", quat_multiply(rot_to_quat(frames.rot), invert_quat(rot_to_quat(frames.rot))),
               torch::tensor({1.0, 0.0, 0.0, 0.0}, torch::kFloat64).expand({2, 5, 4}), 1e-12);
}

TEST_F(RigidOperations, ManyPointsAreAppliedLikeOne) {
  const Rigid frames = random_frames({4}, 2);
  const at::Tensor points = torch::randn({4, 6, 3}, torch::kFloat64);
  const at::Tensor together = frames.apply_to_many(points);
  for (int p = 0; p < 6; ++p) {
    expect_close("point", together.select(1, p), frames.apply(points.select(1, p)), 1e-12);
  }
  expect_close("there and back", frames.invert_apply_to_many(together), points, 1e-12);
  // One set of points seen from every frame.
  EXPECT_EQ(frames.invert_apply_to_many(points.narrow(0, 0, 1)).sizes(), at::IntArrayRef({4, 6, 3}));
}

TEST_F(RigidOperations, TensorsRoundTrip) {
  const Rigid frames = random_frames({3}, 3);
  expect_close("4x4", Rigid::from_tensor_4x4(frames.to_tensor_4x4()).to_tensor_4x4(), frames.to_tensor_4x4(), 1e-12);
  expect_close("7", Rigid::from_tensor_7(frames.to_tensor_7()).to_tensor_4x4(), frames.to_tensor_4x4(), 1e-12);
  EXPECT_EQ(frames.unsqueeze(-1).rot.sizes(), at::IntArrayRef({3, 1, 3, 3}));
  EXPECT_EQ(frames.unsqueeze(0).trans.sizes(), at::IntArrayRef({1, 3, 3}));
}

TEST_F(RigidOperations, StopsOnlyTheRotationGradient) {
  const at::Tensor quat = torch::tensor({{1.0, 0.0, 0.0, 0.0}}).set_requires_grad(true);
  const at::Tensor trans = torch::zeros({1, 3}).set_requires_grad(true);
  const QuatRigid stopped = QuatRigid{quat, trans}.stop_rotation_gradient();
  const Rigid frames = stopped.to_rigid();
  EXPECT_FALSE(frames.rot.requires_grad());
  EXPECT_TRUE(frames.trans.requires_grad());
}

TEST_F(RigidOperations, HalfPrecisionIsRaised) {
  const QuatRigid frames = QuatRigid::identity({2}, torch::TensorOptions(torch::kBFloat16));
  EXPECT_EQ(frames.to_rigid().rot.scalar_type(), torch::kFloat32);
  EXPECT_EQ(precise_matmul(torch::ones({2, 2}, torch::kBFloat16), torch::ones({2, 2}, torch::kBFloat16)).scalar_type(),
            torch::kFloat32);
}

}  // namespace
}  // namespace foldperf::trainer
