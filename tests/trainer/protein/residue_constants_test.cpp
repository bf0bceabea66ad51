#include "trainer/protein/residue_constants.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/golden.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using testing::discover_or_default;
using testing::expect_close;
using testing::expect_equal;
using testing::load_tensors;

// The golden bounds have the tolerances of OpenFold's violation loss, which the models of the file's manifest state.
const residue_tables::Atom14DistanceBounds& golden_bounds(const std::filesystem::path& file) {
  double overlap_tolerance = 1.5, tolerance_factor = 12;
  const nlohmann::json& manifest = testing::manifest_beside(file);
  const nlohmann::json models = manifest.value("model", nlohmann::json::object());
  for (const auto& model : models) {
    const auto& violation = model.at("loss_config").at("violation");
    overlap_tolerance = violation.at("clash_overlap_tolerance").get<double>();
    tolerance_factor = violation.at("violation_tolerance_factor").get<double>();
  }
  return residue_tables::atom14_distance_bounds(overlap_tolerance, tolerance_factor);
}

TEST(ResidueTables, EqualOpenFolds) {
  for (const std::filesystem::path& path : discover_or_default("modules", "residue_constants")) {
    SCOPED_TRACE(path.string());
    const TensorDict file = load_tensors(path);
    EXPECT_FALSE(file.empty()) << "the file has nothing to compare";
    const auto& bounds = golden_bounds(path);
    const TensorDict ours = {
        {"restype_rigid_group_default_frame", residue_tables::rigid_group_default_frames()},
        {"restype_atom14_to_rigid_group", residue_tables::atom14_to_rigid_group()},
        {"restype_atom14_mask", residue_tables::atom14_mask()},
        {"restype_atom14_rigid_group_positions", residue_tables::atom14_rigid_group_positions()},
        {"restype_atom37_to_rigid_group", residue_tables::atom37_to_rigid_group()},
        {"restype_atom37_mask", residue_tables::atom37_mask()},
        {"chi_angles_mask", residue_tables::chi_mask()},
        {"chi_pi_periodic", residue_tables::chi_pi_periodic()},
        {"chi_angles_atom_indices", residue_tables::chi_atom37()},
        {"atom14_dists_lower_bound", bounds.lower},
        {"atom14_dists_upper_bound", bounds.upper},
        {"map_hhblits_aatype_to_our_aatype", residue_tables::hhblits_to_residue()},
        {"van_der_waals_radius_atom37", residue_tables::van_der_waals_radius_atom37()},
    };
    for (const auto& [key, expected] : file) {
      ASSERT_TRUE(ours.contains(key)) << "no table for " << key;
      // OpenFold leaves the row of the unknown residue out of some tables.
      const at::Tensor actual = ours.at(key).narrow(0, 0, expected.size(0));
      if (expected.is_floating_point()) {
        expect_close(key, actual, expected, 1e-6);
      } else {
        expect_equal(key, actual, expected);
      }
    }
  }
}

TEST(ResidueTables, BoundsFollowTheirArguments) {
  const auto& tight = residue_tables::atom14_distance_bounds(1.5, 12);
  const auto& wide = residue_tables::atom14_distance_bounds(1.5, 15);
  const int alanine = residue_from_letter('A');
  const float sigma = tight.stddev[alanine][atom14::n][atom14::ca].item<float>();
  EXPECT_NEAR(sigma, 0.020, 1e-6);
  EXPECT_NEAR((wide.upper - tight.upper)[alanine][atom14::n][atom14::ca].item<float>(), 3 * sigma, 1e-5);
  EXPECT_NEAR((wide.lower - tight.lower)[alanine][atom14::n][atom14::ca].item<float>(), -3 * sigma, 1e-5);
  // N and O are neither bonded nor across one angle: only the radii count.
  EXPECT_NEAR(residue_tables::atom14_distance_bounds(2.0, 15).lower[alanine][atom14::n][atom14::o].item<float>(),
              1.55 + 1.52 - 2.0, 1e-6);
  EXPECT_EQ(&tight, &residue_tables::atom14_distance_bounds(1.5, 12)) << "the same arguments should not build it again";
}

TEST(ResidueTables, RenamingIsItsOwnInverse) {
  const at::Tensor matrix = residue_tables::atom14_renaming_matrix();
  expect_equal("matrix squared", at::matmul(matrix, matrix), torch::eye(14).expand({21, 14, 14}));
  const int aspartate = residue_from_letter('D');
  const int od1 = atom14_index(aspartate, "OD1").value();
  const int od2 = atom14_index(aspartate, "OD2").value();
  EXPECT_EQ(residue_tables::atom14_swap()[aspartate][od1].item<int>(), od2);
  EXPECT_EQ(residue_tables::atom14_is_ambiguous()[aspartate].sum().item<float>(), 2);
  EXPECT_EQ(residue_tables::atom14_is_ambiguous().sum().item<float>(), 2 + 2 + 4 + 4);
}

TEST(ResidueTables, AsKeepsCopiesByDtype) {
  const at::Tensor like = torch::zeros({1}, torch::kFloat64);
  const at::Tensor first = residue_tables::as(residue_tables::atom14_mask(), like);
  EXPECT_EQ(first.scalar_type(), torch::kFloat64);
  EXPECT_TRUE(first.is_same(residue_tables::as(residue_tables::atom14_mask(), like)));
  EXPECT_EQ(residue_tables::as(residue_tables::atom14_to_atom37(), like).scalar_type(), torch::kInt64);
}

TEST(ResidueTypes, LettersAndNames) {
  EXPECT_EQ(residue_from_letter('A'), 0);
  EXPECT_EQ(residue_from_letter('V'), 19);
  EXPECT_EQ(residue_from_letter('X'), unknown_residue);
  EXPECT_EQ(residue_from_letter('-'), unknown_residue);
  EXPECT_EQ(residue_from_letter('B'), unknown_residue);
  EXPECT_EQ(residue_from_name("TRP"), 17);
  EXPECT_EQ(residue_from_name("MSE"), unknown_residue);
  EXPECT_EQ(component_letter("TRP"), 'W');
  EXPECT_EQ(component_letter("MSE"), 'M');
  EXPECT_EQ(component_letter("SEP"), 'S');
  EXPECT_EQ(component_letter("HOH"), 'X');
  EXPECT_EQ(component_letter(""), 'X');
}

TEST(ResidueTypes, Atoms) {
  EXPECT_EQ(atom37_index("CA"), atom37::ca);
  EXPECT_EQ(atom37_index("OXT"), 36);
  EXPECT_FALSE(atom37_index("HA").has_value());
  EXPECT_EQ(atom14_names(residue_from_letter('W')).size(), 14U);
  EXPECT_EQ(atom14_names(residue_from_letter('G')).size(), 4U);
  EXPECT_TRUE(atom14_names(unknown_residue).empty());
  EXPECT_FALSE(atom14_index(residue_from_letter('G'), "CB").has_value());
  EXPECT_THROW((void)atom14_names(21), Error);
  EXPECT_TRUE(chi_atoms(residue_from_letter('A'), 0).empty());
  EXPECT_EQ(chi_atoms(residue_from_letter('R'), 3).back(), "CZ");
  EXPECT_TRUE(chi_atoms(residue_from_letter('R'), 4).empty());
}

TEST(ResidueTypes, HhblitsLetters) {
  EXPECT_EQ(hhblits_from_letter('C'), 1);
  EXPECT_EQ(hhblits_from_letter('U'), hhblits_from_letter('C'));
  EXPECT_EQ(hhblits_from_letter('B'), hhblits_from_letter('D'));
  EXPECT_EQ(hhblits_from_letter('Z'), hhblits_from_letter('E'));
  EXPECT_EQ(hhblits_from_letter('J'), hhblits_from_letter('X'));
  EXPECT_EQ(hhblits_from_letter('-'), 21);
  EXPECT_FALSE(hhblits_from_letter('.').has_value());
  EXPECT_EQ(hhblits_to_residue()[1], residue_from_letter('C'));
  EXPECT_EQ(hhblits_to_residue()[21], gap_residue);
}

}  // namespace
}  // namespace foldperf::trainer
