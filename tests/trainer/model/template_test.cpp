// Template and extra-MSA features against golden feats files, and what the template embedder does around its modules.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/golden.hpp"
#include "tests/trainer/model/model_inputs.hpp"
#include "trainer/model/template_features.hpp"

namespace foldperf::testing {
namespace {

using namespace foldperf::trainer;

// The distogram's bins and constants, from the file's entry in the manifest (the set at hand names them in its note);
// what it does not name is taken to be our default, which is OpenFold's.
TemplateConfig golden_template_config(const std::filesystem::path& path) {
  TemplateConfig config;
  const nlohmann::json entry = manifest_entry(path);
  const auto take = [&entry](const char* key, double& value) { value = find_number(entry, key).value_or(value); };
  take("min_bin", config.distogram.min_bin);
  take("max_bin", config.distogram.max_bin);
  take("eps", config.eps);
  take("inf", config.inf);
  if (const auto bins = find_number(entry, "no_bins")) config.distogram.no_bins = static_cast<std::int64_t>(*bins);
  return config;
}

TEST(TemplateFeatures, AreOpenFolds) {
  std::size_t checked = 0;
  for (const std::filesystem::path& path : discover_or_default("modules", "feats")) {
    SCOPED_TRACE(path.string());
    const TensorDict file = load_tensors(path);
    const TensorDict in = with_prefix(file, "in.");
    TemplateConfig config = golden_template_config(path);
    if (file.contains("out.template_angle_feat")) {
      expect_close("template_angle_feat", build_template_angle_feat(in), file.at("out.template_angle_feat"), 1e-5);
      ++checked;
    }
    if (file.contains("out.template_pair_feat")) {
      expect_close("template_pair_feat", build_template_pair_feat(in, config), file.at("out.template_pair_feat"), 1e-5);
      ++checked;
    }
    if (file.contains("out.template_pair_feat_unit_vector")) {
      config.use_unit_vector = true;
      expect_close("template_pair_feat_unit_vector", build_template_pair_feat(in, config),
                   file.at("out.template_pair_feat_unit_vector"), 1e-5);
      ++checked;
    }
    if (file.contains("out.extra_msa_feat")) {
      expect_equal("extra_msa_feat", build_extra_msa_feat(in), file.at("out.extra_msa_feat"));
      ++checked;
    }
  }
  EXPECT_GT(checked, 0U) << "no template or extra-MSA features in the golden feats files";
}

TEST(Distogram, BoundsBelongToNoBinAndTheLastBinEndsAtInf) {
  // Distances 4 (on a bound), 5 and 60 from the first point; bounds 2, 4, 6.
  const at::Tensor x = torch::tensor({{0.0, 0.0, 0.0}, {4.0, 0.0, 0.0}, {5.0, 0.0, 0.0}, {60.0, 0.0, 0.0}});
  const at::Tensor row = distogram_of_positions(x, 2, 6, 3, 3000)[0];
  const at::Tensor expected = torch::tensor({{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 0.0}});
  EXPECT_TRUE(torch::equal(row, expected.to(row.scalar_type())));
  EXPECT_EQ(distogram_of_positions(x, 2, 6, 3, 1e8)[0][3][2].item<double>(), 1);
}

class TemplateEmbedderTest : public ::testing::Test {
 protected:
  TemplateEmbedding embed(const TemplateConfig& config, const TensorDict& batch) {
    TemplateEmbedder embedder(config);
    randomise(*embedder);
    embedder->eval();
    return embedder->forward(batch, in_.z, in_.pair_mask, false);
  }
  EvoformerInputs in_ = evoformer_inputs(small_stack_config(), 4, 7);
};

TEST_F(TemplateEmbedderTest, AddsNothingToThePairsWithoutTemplates) {
  TensorDict batch = random_templates(2, 7);
  batch["template_mask"] = torch::zeros({1, 2});
  const TemplateEmbedding result = embed(small_template_config(8), batch);
  EXPECT_TRUE(torch::equal(result.pair, torch::zeros_like(in_.z)));
  EXPECT_EQ(result.single.sizes(), at::IntArrayRef({1, 2, 7, 12}));
}

TEST_F(TemplateEmbedderTest, AbsentTemplatesDoNotCount) {
  const TensorDict one = random_templates(1, 7);
  TensorDict two = map_tensors(one, [](const at::Tensor& t) { return at::cat({t, t.flip(2 < t.dim() ? 2 : 1)}, 1); });
  two["template_mask"] = torch::tensor({{1.0F, 0.0F}});
  const TemplateConfig config = small_template_config(8);
  expect_close("pair", embed(config, two).pair, embed(config, one).pair, 1e-5);
}

TEST_F(TemplateEmbedderTest, AveragingOneGroupIsAttentionOverAll) {
  TemplateConfig config = small_template_config(8);
  const TensorDict batch = random_templates(2, 7);
  const at::Tensor all = embed(config, batch).pair;
  config.average_templates = true;
  expect_close("pair", embed(config, batch).pair, all, 1e-6);
}

TEST_F(TemplateEmbedderTest, AnglesCanBeLeftOut) {
  TemplateConfig config = small_template_config(8);
  config.embed_angles = false;
  EXPECT_FALSE(embed(config, random_templates(2, 7)).single.defined());
}

}  // namespace
}  // namespace foldperf::testing
