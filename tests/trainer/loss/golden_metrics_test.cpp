// Validation metrics and superposition against OpenFold.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <set>

#include "tests/support/golden.hpp"
#include "trainer/loss/lddt.hpp"
#include "trainer/loss/metrics.hpp"
#include "trainer/loss/superposition.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::testing {

using trainer::TensorDict;

namespace {

constexpr double limit = 1e-5;

// <case>.in.* and <case>.out.*
std::set<std::string> case_names(const TensorDict& file) {
  std::set<std::string> names;
  for (const auto& [key, tensor] : file) {
    if (const auto end = key.find(".in."); end != std::string::npos) names.insert(key.substr(0, end));
  }
  return names;
}

void check_case(const std::string& name, const TensorDict& file, double eps) {
  SCOPED_TRACE(name);
  const TensorDict in = with_prefix(file, name + ".in.");
  const TensorDict out = with_prefix(file, name + ".out.");
  TensorDict actual = trainer::validation_metrics(in.at("pred"), in.at("gt"), in.at("mask"), true, eps);
  actual["lddt_ca_per_residue"] = trainer::lddt_ca(in.at("pred"), in.at("gt"), in.at("mask"), 15.0, eps);
  const torch::Tensor mask = in.at("mask").select(-1, trainer::atom37::ca);
  const auto masked_ca = [&](const char* key) {
    return in.at(key).select(-2, trainer::atom37::ca) * mask.unsqueeze(-1);
  };
  actual["superimposed_ca"] = trainer::superimpose(masked_ca("gt"), masked_ca("pred"), mask).coordinates;
  ASSERT_FALSE(out.empty());
  for (const auto& [key, expected] : out) {
    ASSERT_TRUE(actual.contains(key)) << key;
    if (key == "alignment_rmsd") {
      // A length like the coordinates, and known as well as they are: nought for a mere rotation.
      const double scale = out.at("superimposed_ca").abs().max().item<double>();
      EXPECT_LE((actual.at(key) - expected).abs().max().item<double>(), limit * scale) << key;
    } else {
      expect_close(key, actual.at(key), expected, limit);
    }
  }
}

TEST(GoldenMetrics, EqualOpenFold) {
  std::size_t found = 0;
  for (const std::string& name : discover("losses", "validation_metrics")) {
    SCOPED_TRACE(name);
    const TensorDict file = load_golden("losses", name);
    const double eps = manifest().at("losses").at(name).at("hyper_parameters").at("eps");
    const std::set<std::string> cases_of_file = case_names(file);
    EXPECT_FALSE(cases_of_file.empty()) << "the file has nothing to compare";
    for (const std::string& pair : cases_of_file) {
      check_case(pair, file, eps);
      ++found;
    }
  }
  if (found == 0) GTEST_SKIP() << "no validation metrics among the golden losses";
}

}  // namespace
}  // namespace foldperf::testing
