// What golden files cannot show: names and initial values as OpenFold's whole model has them, batches, dropout, double
// precision, optional masks.
#include "trainer/model/evoformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/support/golden.hpp"
#include "tests/trainer/model/model_inputs.hpp"
#include "trainer/model/input_embedder.hpp"

namespace foldperf::testing {
namespace {

using namespace foldperf::trainer;

struct InitialValues {
  double mean, deviation, low, high;
};

// initial_training_init_statistics.tsv: name, shape, mean, std, min, max.
std::map<std::string, InitialValues> openfold_initial_values() {
  std::ifstream file(golden_file_or_default("initial_training_init_statistics.tsv"));
  std::map<std::string, InitialValues> result;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name, shape;
    InitialValues values{};
    fields >> name >> shape >> values.mean >> values.deviation >> values.low >> values.high;
    result[name] = values;
  }
  return result;
}

void expect_initial_values(const std::string& prefix, const torch::nn::Module& module) {
  static const auto expected = openfold_initial_values();
  std::size_t compared = 0;
  for (const auto& item : module.named_parameters()) {
    const std::string name = prefix + item.key();
    const auto found = expected.find(name);
    if (found == expected.end()) continue;  // blocks between the first and the last
    ++compared;
    const InitialValues& values = found->second;
    const at::Tensor parameter = item.value().detach().to(torch::kFloat64);
    const double size = static_cast<double>(parameter.numel());
    // Five standard errors of two independent samples.
    const double mean_error = 5 * std::sqrt(2 / size) * values.deviation + 1e-7;
    EXPECT_NEAR(parameter.mean().item<double>(), values.mean, mean_error) << name;
    EXPECT_NEAR(parameter.std().item<double>(), values.deviation, 5 * values.deviation / std::sqrt(size) + 1e-7)
        << name;
    // Extremes of a sample: close for bounded distributions, only of the same size for the few normal ones.
    const bool bounded = std::max(values.high, -values.low) < 2.4 * values.deviation;
    EXPECT_NEAR(parameter.max().item<double>(), values.high, (bounded ? 0.3 : 3) * values.deviation + 1e-7) << name;
    EXPECT_NEAR(parameter.min().item<double>(), values.low, (bounded ? 0.3 : 3) * values.deviation + 1e-7) << name;
  }
  EXPECT_GT(compared, 0U) << prefix;
}

TEST(Initialisation, IsOpenFolds) {
  torch::manual_seed(17);
  expect_initial_values("input_embedder.", *InputEmbedder(InputEmbedderConfig{}));
  expect_initial_values("recycling_embedder.", *RecyclingEmbedder(RecyclingEmbedderConfig{}));
  expect_initial_values("template_embedder.", *TemplateEmbedder(TemplateConfig{}));
  expect_initial_values("extra_msa_embedder.", *ExtraMsaEmbedder(ExtraMsaEmbedderConfig{}));
  expect_initial_values("extra_msa_stack.", *ExtraMsaStack(extra_msa_stack_defaults()));
  EvoformerStackConfig one_block;
  one_block.no_blocks = 1;
  expect_initial_values("evoformer.", *EvoformerStack(one_block));
}

template <typename Module>
void expect_block_starts_as_identity_on_msa(Module module, const EvoformerStackConfig& config) {
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const auto [m, z] = module->forward(in.m, in.z, in.msa_mask, in.pair_mask, false);
  EXPECT_TRUE(torch::equal(m, in.m));
  EXPECT_TRUE(torch::equal(z, in.z));
}

TEST(EvoformerBlock, AsInitialisedChangesNothing) {
  expect_block_starts_as_identity_on_msa(EvoformerBlock(small_stack_config()), small_stack_config());
  expect_block_starts_as_identity_on_msa(ExtraMsaBlock(small_stack_config()), small_stack_config());
}

TEST(EvoformerStack, SamplesOfABatchDoNotSeeEachOther) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack stack(config);
  randomise(*stack);
  stack->eval();
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const at::Tensor m = at::cat({in.m, in.m.flip(1) * 2}), z = at::cat({in.z, in.z.flip(1) * 3});
  const at::Tensor msa_mask = at::cat({in.msa_mask, torch::ones_like(in.msa_mask)});
  const at::Tensor pair_mask = at::cat({in.pair_mask, in.pair_mask});
  const EvoformerOutput both = stack->forward(m, z, msa_mask, pair_mask, false);
  for (std::int64_t i = 0; i < 2; ++i) {
    const auto one = [i](const at::Tensor& t) { return t.slice(0, i, i + 1); };
    const EvoformerOutput single = stack->forward(one(m), one(z), one(msa_mask), one(pair_mask), false);
    expect_close("m", one(both.m), single.m, 1e-5);
    expect_close("z", one(both.z), single.z, 1e-5);
    expect_close("s", one(both.s), single.s, 1e-5);
  }
}

TEST(EvoformerStack, WorksWithoutBatchDimension) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack stack(config);
  randomise(*stack);
  stack->eval();
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const EvoformerOutput batched = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, true);
  const EvoformerOutput plain = stack->forward(in.m[0], in.z[0], in.msa_mask[0], in.pair_mask[0], true);
  expect_close("m", plain.m, batched.m[0], 1e-6);
  expect_close("z", plain.z, batched.z[0], 1e-6);
}

TEST(EvoformerStack, DoublePrecisionStaysDouble) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack stack(config);
  randomise(*stack);
  stack->eval();
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const EvoformerOutput single = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, false);
  stack->to(torch::kFloat64);
  const auto wide = [](const at::Tensor& t) { return t.to(torch::kFloat64); };
  at::Tensor m = wide(in.m).set_requires_grad(true);
  const EvoformerOutput precise = stack->forward(m, wide(in.z), wide(in.msa_mask), wide(in.pair_mask), false);
  EXPECT_EQ(precise.z.scalar_type(), torch::kFloat64);
  expect_close("z", wide(single.z), precise.z, 1e-5);
  precise.z.sum().backward();
  EXPECT_EQ(m.grad().scalar_type(), torch::kFloat64);
}

TEST(EvoformerStack, GradientsAreTheSlopesInDoublePrecision) {
  EvoformerStackConfig config = small_stack_config();
  config.no_blocks = 1;
  EvoformerStack stack(config);
  randomise(*stack);
  stack->to(torch::kFloat64);
  stack->eval();
  const EvoformerInputs in = evoformer_inputs(config, 3, 5);
  const auto wide = [](const at::Tensor& t) { return t.to(torch::kFloat64); };
  const auto loss = [&](const at::Tensor& m, const at::Tensor& z) {
    const EvoformerOutput out = stack->forward(m, z, wide(in.msa_mask), wide(in.pair_mask), false);
    return out.m.sin().sum() + out.z.sin().sum();
  };
  const at::Tensor m = wide(in.m).set_requires_grad(true), z = wide(in.z).set_requires_grad(true);
  loss(m, z).backward();
  const torch::NoGradGuard no_grad;
  torch::manual_seed(8);
  const at::Tensor step_m = torch::randn_like(m) * 1e-6, step_z = torch::randn_like(z) * 1e-6;
  const double slope = (loss(m + step_m, z + step_z) - loss(m - step_m, z - step_z)).item<double>() / 2;
  const double expected = ((m.grad() * step_m).sum() + (z.grad() * step_z).sum()).item<double>();
  EXPECT_NEAR(slope, expected, 1e-6 * std::abs(expected) + 1e-12);
}

TEST(EvoformerBlock, MasksOfOnesAreNoMasks) {
  const EvoformerStackConfig config = small_stack_config();
  MsaRowAttentionWithPairBias row(config.c_m, config.c_z, 4, 3);
  MsaColumnGlobalAttention global(config.c_m, 4, 3);
  OuterProductMean opm(config.c_m, config.c_z, 3);
  TriangleMultiplicationIncoming multiplication(config.c_z, 6);
  TriangleAttentionEndingNode ending(config.c_z, 4, 2);
  for (torch::nn::Module* module : std::initializer_list<torch::nn::Module*>{row.get(), global.get(), opm.get(),
                                                                             multiplication.get(), ending.get()}) {
    randomise(*module);
  }
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const at::Tensor ones = torch::ones_like(in.msa_mask);
  expect_close("row", row->forward(in.m, in.z, {}), row->forward(in.m, in.z, ones), 1e-6);
  expect_close("global", global->forward(in.m, {}), global->forward(in.m, ones), 1e-6);
  expect_close("opm", opm->forward(in.m, {}), opm->forward(in.m, ones), 1e-6);
  expect_close("multiplication", multiplication->forward(in.z, {}), multiplication->forward(in.z, in.pair_mask), 1e-6);
  expect_close("ending", ending->forward(in.z, {}), ending->forward(in.z, in.pair_mask), 1e-6);
}

TEST(TriangleAttention, EndingNodeIsStartingNodeOnTheTransposed) {
  TriangleAttentionStartingNode starting(8, 4, 2);
  TriangleAttentionEndingNode ending(8, 4, 2);
  randomise(*starting);
  randomise(*ending);
  const EvoformerInputs in = evoformer_inputs(small_stack_config(), 4, 7);
  at::Tensor mask = in.pair_mask.clone();
  mask[0][2][5] = 0;
  expect_close("ending", ending->forward(in.z, mask),
               starting->forward(in.z.transpose(-2, -3), mask.transpose(-1, -2)).transpose(-2, -3), 1e-6);
}

TEST(OuterProductMean, DividesTheBiasByEpsWhereNothingCounts) {
  OuterProductMean opm(12, 8, 3);
  randomise(*opm);
  const EvoformerInputs in = evoformer_inputs(small_stack_config(), 4, 7);
  const at::Tensor z = opm->forward(in.m, torch::zeros_like(in.msa_mask));
  const at::Tensor bias = opm->named_parameters()["linear_out.bias"].detach();
  expect_close("z", z[0][3][4], bias * 1000, 1e-5);
}

TEST(EvoformerBlock, DropsOnlyInTraining) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerBlock block(config);
  randomise(*block);
  const EvoformerInputs in = evoformer_inputs(config, 4, 7);
  const auto z = [&] { return block->forward(in.m, in.z, in.msa_mask, in.pair_mask, false).second; };
  block->eval();
  EXPECT_TRUE(torch::equal(z(), z()));
  block->train();
  EXPECT_FALSE(torch::equal(z(), z()));
}

}  // namespace
}  // namespace foldperf::testing
