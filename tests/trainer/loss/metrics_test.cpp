#include "trainer/loss/metrics.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "trainer/loss/lddt.hpp"
#include "trainer/loss/superposition.hpp"

namespace foldperf::trainer {
namespace {

// A chain without symmetry, Angstrom.
torch::Tensor helix(std::int64_t residues) {
  const torch::Tensor i = torch::arange(residues, torch::kFloat32);
  return torch::stack({2.3 * torch::cos(1.745 * i), 2.3 * torch::sin(1.745 * i), 1.5 * i}, -1).unsqueeze(0);
}

torch::Tensor rotation() {
  const double c = std::cos(0.7), s = std::sin(0.7);
  return torch::tensor({{c, -s, 0.0}, {s, c, 0.0}, {0.0, 0.0, 1.0}}, torch::kFloat32);
}

TEST(Superposition, FindsARotationAndTranslation) {
  const torch::Tensor truth = helix(30);
  const torch::Tensor mask = torch::ones({1, 30});
  const Superposition found = superimpose(truth, truth.matmul(rotation()) + 5.0, mask);
  EXPECT_LT(found.rmsd.item<float>(), 1e-5);
  EXPECT_TRUE(torch::allclose(found.coordinates, truth, 1e-4, 1e-4));
}

TEST(Superposition, ExcludesReflections) {
  const torch::Tensor truth = helix(30);
  const torch::Tensor mirrored = truth * torch::tensor({1.0f, 1.0f, -1.0f});
  EXPECT_GT(superimpose(truth, mirrored, torch::ones({1, 30})).rmsd.item<float>(), 1.0);
}

TEST(Superposition, IgnoresMaskedPoints) {
  const torch::Tensor truth = helix(30);
  torch::Tensor moved = truth.matmul(rotation());
  moved.select(1, 3).fill_(1000.0);
  torch::Tensor mask = torch::ones({1, 30});
  mask.select(1, 3).zero_();
  const Superposition found = superimpose(truth, moved, mask);
  EXPECT_LT(found.rmsd.item<float>(), 1e-5);
  EXPECT_EQ(found.coordinates.select(1, 3).abs().max().item<float>(), 0);
}

TEST(Lddt, IsOneForTheTruthAndDoesNotSeeRotations) {
  const torch::Tensor truth = helix(40);
  const torch::Tensor mask = torch::ones({1, 40});
  EXPECT_FLOAT_EQ(lddt(truth, truth, mask, 15.0, 1e-10, false).item<float>(), 1.0f);
  EXPECT_FLOAT_EQ(lddt(truth.matmul(rotation()), truth, mask, 15.0, 1e-10, false).item<float>(), 1.0f);
  EXPECT_LT(lddt(truth * 3, truth, mask, 15.0, 1e-10, false).item<float>(), 0.5f);
}

TEST(Metrics, OfFewerThanTwoPointsAreZero) {
  const torch::Tensor truth = helix(4);
  torch::Tensor mask = torch::zeros({1, 4});
  mask.select(1, 2).fill_(1);
  EXPECT_EQ(drmsd(truth, truth * 2, mask).item<float>(), 0);
}

TEST(Metrics, GdtCountsDistancesInclusively) {
  const torch::Tensor a = torch::zeros({1, 4, 3});
  torch::Tensor b = torch::zeros({1, 4, 3});
  b.select(2, 0).copy_(torch::tensor({0.5, 1.0, 4.0, 9.0}));
  EXPECT_FLOAT_EQ(gdt_ts(a, b, torch::ones({1, 4})).item<float>(), (0.5f + 0.5f + 0.75f + 0.75f) / 4);
  EXPECT_FLOAT_EQ(gdt_ha(a, b, torch::ones({1, 4})).item<float>(), (0.25f + 0.5f + 0.5f + 0.75f) / 4);
}

}  // namespace
}  // namespace foldperf::trainer
