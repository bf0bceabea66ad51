// The outputs of whole models against OpenFold, with and without recycling.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
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

// 1 where an output is meaningful: padded residues attend to nothing, and what comes out depends on rounding (see the golden
// README). Undefined for numbers that belong to no residue.
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

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AlphaFoldGolden);
INSTANTIATE_TEST_SUITE_P(Files, AlphaFoldGolden, ::testing::ValuesIn(discover("model")),
                         [](const auto& instance) { return instance.param; });

TEST(AlphaFoldGoldenFiles, AreFound) { EXPECT_FALSE(discover("model").empty()) << "no golden model in " << golden_dir(); }

}  // namespace
}  // namespace foldperf::testing
