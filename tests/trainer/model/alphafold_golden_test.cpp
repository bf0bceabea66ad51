// The outputs of whole models against OpenFold, with and without recycling.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/golden_model.hpp"
#include "trainer/model/alphafold.hpp"

namespace foldperf::testing {
namespace {

using namespace trainer;

constexpr double limit = 1e-4;

// The numbers N of a file's runs "recycleN.out.": N passes before the last.
std::set<std::int64_t> recycled_runs(const TensorDict& file) {
  std::set<std::int64_t> runs;
  for (const auto& [key, tensor] : with_prefix(file, "recycle")) {
    if (key.find(".out.") != std::string::npos) runs.insert(std::stoll(key));
  }
  return runs;
}

TensorDict first_passes(const TensorDict& batch, std::int64_t passes) {
  return map_tensors(batch, [&](const at::Tensor& t) { return t.narrow(-1, 0, passes); });
}

// 1 where an output is meaningful: padded residues attend to nothing, and what comes out depends on rounding (see the
// golden README). Undefined for numbers that belong to no residue.
at::Tensor meaningful(const std::string& name, const at::Tensor& output, const at::Tensor& residues) {
  static const std::set<std::string> of_pairs = {"pair", "distogram_logits", "tm_logits", "aligned_confidence_probs",
                                                 "predicted_aligned_error"};
  static const std::set<std::string> of_sequences = {"msa", "masked_msa_logits"};
  if (output.dim() < residues.dim()) return {};
  if (of_pairs.count(name)) return residues.unsqueeze(-1) * residues.unsqueeze(-2);
  if (of_sequences.count(name)) return residues.unsqueeze(-2).expand(output.sizes().slice(0, residues.dim() + 1));
  const bool of_blocks = name.rfind("sm.", 0) == 0 && name != "sm.single";
  return of_blocks ? residues.expand(output.sizes().slice(0, residues.dim() + 1)) : residues;
}

class AlphaFoldGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(AlphaFoldGolden, OutputsEqualOpenFolds) {
  const TensorDict file = load_golden("model", GetParam());
  const auto& entry = manifest().at("model").at(GetParam());
  AlphaFold model = golden_model(entry.at("config"), with_prefix(file, "weight."), torch::kFloat32);
  const TensorDict batch = with_prefix(file, "batch.");
  const auto runs = recycled_runs(file);
  ASSERT_FALSE(runs.empty()) << "the file has no outputs";
  for (const std::int64_t recycled : runs) {
    const std::string run = "recycle" + std::to_string(recycled);
    SCOPED_TRACE(run);
    const TensorDict outputs = model(first_passes(batch, recycled + 1));
    const at::Tensor residues = batch.at("seq_mask").select(-1, recycled);
    for (const auto& [name, expected] : with_prefix(file, run + ".out.")) {
      expect_close(name, outputs.contains(name) ? outputs.at(name) : at::Tensor(), expected, limit,
                   meaningful(name, expected, residues));
    }
  }
}

// The gradient of every parameter for one sum over the outputs.
TensorDict gradients(const nlohmann::json& config, const TensorDict& file) {
  AlphaFold model = golden_model(config, with_prefix(file, "weight."), torch::kFloat32);
  const TensorDict outputs = model(first_passes(with_prefix(file, "batch."), 1));
  (outputs.at("sm.positions").mean() + outputs.at("distogram_logits").square().mean() +
   outputs.at("masked_msa_logits").square().mean())
      .backward();
  TensorDict result;
  for (const auto& item : model->named_parameters()) {
    if (item.value().grad().defined()) result[item.key()] = item.value().grad();
  }
  return result;
}

TEST_P(AlphaFoldGolden, CheckpointingChangesNoGradient) {
  const TensorDict file = load_golden("model", GetParam());
  nlohmann::json config = manifest().at("model").at(GetParam()).at("config");
  config["blocks_per_checkpoint"] = 0;
  const TensorDict expected = gradients(config, file);
  config["blocks_per_checkpoint"] = 1;
  const TensorDict actual = gradients(config, file);
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [name, gradient] : expected) {
    expect_close(name, actual.contains(name) ? actual.at(name) : at::Tensor(), gradient, 1e-5);
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AlphaFoldGolden);
INSTANTIATE_TEST_SUITE_P(Files, AlphaFoldGolden, ::testing::ValuesIn(discover("model")), case_name);

TEST(AlphaFoldGoldenFiles, AreFound) {
  EXPECT_FALSE(discover("model").empty()) << "no golden model in " << golden_dir();
}

}  // namespace
}  // namespace foldperf::testing
