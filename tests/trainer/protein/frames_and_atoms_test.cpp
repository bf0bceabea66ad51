#include "trainer/protein/frames_and_atoms.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "tests/support/golden.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using testing::discover_or_default;
using testing::expect_close;
using testing::expect_equal;
using testing::load_tensors;

constexpr double limit = 1e-5;

TEST(AtomsGolden, EveryFile) {
  for (const std::filesystem::path& path : discover_or_default("modules", "feats")) {
    SCOPED_TRACE(path.string());
    const TensorDict file = load_tensors(path);
    const at::Tensor& aatype = file.at("in.aatype");

    const AtomMasks masks = atom_masks(aatype);
    expect_equal("residx_atom37_to_atom14", masks.residx_atom37_to_atom14, file.at("out.residx_atom37_to_atom14"));
    expect_equal("residx_atom14_to_atom37", masks.residx_atom14_to_atom37, file.at("out.residx_atom14_to_atom37"));
    expect_equal("atom14_atom_exists", masks.atom14_atom_exists, file.at("out.atom14_atom_exists"));
    expect_equal("atom37_atom_exists", masks.atom37_atom_exists, file.at("out.atom37_atom_exists"));

    const at::Tensor atom37 =
        atom14_to_atom37(file.at("in.atom14_positions"), masks.residx_atom37_to_atom14, masks.atom37_atom_exists);
    expect_close("atom37_positions", atom37, file.at("out.atom37_positions"), limit);
    expect_close("pseudo_beta", pseudo_beta(aatype, atom37), file.at("out.pseudo_beta"), limit);

    const ResidueGeometry geometry(aatype, file.at("in.angles"));
    const at::Tensor frames = geometry.group_frames(file.at("in.backbone_4x4"), file.at("in.angles"));
    expect_close("frames_4x4", frames, file.at("out.frames_4x4"), limit);
    expect_close("atom14_from_frames", geometry.atom14_positions(frames), file.at("out.atom14_from_frames"), limit);
  }
}

TEST(ResidueGeometry, BlocksBroadcastOverTheBatch) {
  torch::manual_seed(0);
  const at::Tensor aatype = torch::randint(0, 21, {2, 6}, torch::kInt64);
  const at::Tensor angles = torch::randn({3, 2, 6, 7, 2});
  const at::Tensor backbone = torch::eye(4).expand({3, 2, 6, 4, 4});
  const ResidueGeometry geometry(aatype, angles);
  const at::Tensor frames = geometry.group_frames(backbone, angles);
  const at::Tensor positions = geometry.atom14_positions(frames);
  EXPECT_EQ(positions.sizes(), at::IntArrayRef({3, 2, 6, 14, 3}));
  for (int block = 0; block < 3; ++block) {
    const at::Tensor alone = geometry.group_frames(backbone[block], angles[block]);
    expect_close("frames of one block", frames[block], alone, 1e-6);
    expect_close("atoms of one block", positions[block], geometry.atom14_positions(alone), 1e-6);
  }
}

TEST(ResidueGeometry, IdealBackboneHasItsBondLengths) {
  const at::Tensor aatype = torch::tensor({residue_from_letter('K')}, torch::kInt64);
  const at::Tensor angles = torch::tensor({0.0F, 1.0F}).expand({1, 7, 2});
  const ResidueGeometry geometry(aatype, angles);
  const at::Tensor atoms = geometry.atom14_positions(geometry.group_frames(torch::eye(4).expand({1, 4, 4}), angles))[0];
  const auto distance = [&](int a, int b) { return (atoms[a] - atoms[b]).norm().item<double>(); };
  EXPECT_NEAR(distance(atom14::n, atom14::ca), 1.459, 0.01);
  EXPECT_NEAR(distance(atom14::ca, atom14::c), 1.525, 0.01);
  EXPECT_NEAR(distance(atom14::c, atom14::o), 1.229, 0.01);
  EXPECT_NEAR(distance(7, 8), 1.489, 0.01);  // CE-NZ, moved by chi4
}

TEST(ResidueGeometry, KeepsDoublePrecision) {
  const at::Tensor aatype = torch::arange(21, torch::kInt64);
  const at::Tensor angles = torch::randn({21, 7, 2}, torch::kFloat64);
  const ResidueGeometry geometry(aatype, angles);
  const at::Tensor frames = geometry.group_frames(torch::eye(4, torch::kFloat64).expand({21, 4, 4}), angles);
  EXPECT_EQ(frames.scalar_type(), torch::kFloat64);
  EXPECT_EQ(geometry.atom14_positions(frames).scalar_type(), torch::kFloat64);
}

TEST(PseudoBeta, GlycineUsesItsAlphaCarbon) {
  const at::Tensor aatype = torch::tensor({residue_from_letter('G'), residue_from_letter('A')}, torch::kInt64);
  const at::Tensor positions = torch::arange(2 * 37 * 3).view({2, 37, 3}).to(torch::kFloat32);
  at::Tensor mask = torch::zeros({2, 37});
  mask[0][atom37::ca] = 1;
  const auto [beta, beta_mask] = pseudo_beta(aatype, positions, mask);
  expect_equal("glycine", beta[0], positions[0][atom37::ca]);
  expect_equal("alanine", beta[1], positions[1][atom37::cb]);
  expect_equal("mask", beta_mask, torch::tensor({1.0F, 0.0F}));
}

}  // namespace
}  // namespace foldperf::trainer
