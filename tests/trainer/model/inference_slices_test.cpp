// Work in slices gives what the plain call gives, in less memory.
#include "trainer/model/inference_slices.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdint>
#include <set>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/support/tensor_memory.hpp"
#include "tests/trainer/model/model_inputs.hpp"

namespace foldperf::testing {
namespace {

using namespace trainer;

TEST(InferenceSlices, RowsAtOnceFollowTheLimitAndTheType) {
  const at::Tensor like = torch::zeros({1});
  const at::Tensor half = like.to(at::kBFloat16);
  {
    const InferenceSlices slices(4000);
    EXPECT_EQ(rows_at_once(10, 100, like), 10) << "with gradient nothing is sliced";
  }
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(rows_at_once(10, 100, like), 10) << "nobody asked for slices";
  const InferenceSlices slices(4000);
  EXPECT_EQ(rows_at_once(10, 100, like), 10);
  EXPECT_EQ(rows_at_once(11, 100, like), 6) << "two slices of about equal size";
  EXPECT_EQ(rows_at_once(20, 100, half), 20);
  EXPECT_EQ(rows_at_once(20, 10'000, like), 1) << "never less than a row";
  EXPECT_EQ(rows_at_once(0, 100, like), 0);
  {
    const InferenceSlices none(0);
    EXPECT_EQ(rows_at_once(20, 10'000, like), 20);
  }
  EXPECT_EQ(rows_at_once(20, 10'000, like), 1) << "the outer limit is in force again";
}

TEST(InferenceSlices, SlicesArePutTogetherInOrder) {
  const at::Tensor x = torch::arange(42).view({2, 7, 3});
  std::vector<std::int64_t> sizes;
  const at::Tensor all = in_slices(7, 3, -2, [&](std::int64_t first, std::int64_t size) {
    sizes.push_back(size);
    return rows_of(x, 1, first, size) * 2;
  });
  EXPECT_TRUE(torch::equal(all, x * 2));
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{3, 3, 1}));
  EXPECT_EQ(rows_of(torch::zeros({1, 3}), 0, 4, 2).size(0), 1) << "a row that serves all";
}

// Limits that give slices of one row, of some rows with a smaller last one, and of nearly all rows.
constexpr std::int64_t limits[] = {1, 3000, 20'000};

template <typename Run>
void expect_the_same_in_slices(const Run& run) {
  const torch::NoGradGuard no_grad;
  const std::vector<at::Tensor> plain = run();
  for (const std::int64_t limit : limits) {
    SCOPED_TRACE(limit);
    const InferenceSlices slices(limit);
    const std::vector<at::Tensor> sliced = run();
    for (std::size_t i = 0; i < plain.size(); ++i) expect_close(std::to_string(i), sliced[i], plain[i], 2e-6);
  }
}

// A residue count and a depth that no slice size divides, and a mask with a hole.
struct OddInputs : EvoformerInputs {
  explicit OddInputs(const EvoformerStackConfig& config) : EvoformerInputs(evoformer_inputs(config, 5, 13)) {
    pair_mask[0][3][7] = 0;
    msa_mask[0][2][4] = 0;
  }
};

TEST(InferenceSlices, EvoformerStackIsTheSame) {
  for (const bool opm_first : {false, true}) {
    EvoformerStackConfig config = small_stack_config();
    config.opm_first = opm_first;
    EvoformerStack stack(config, Checkpointing{.blocks_per_checkpoint = 1});
    randomise(*stack);
    stack->eval();
    const OddInputs in(config);
    expect_the_same_in_slices([&]() -> std::vector<at::Tensor> {
      const EvoformerOutput out = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, /*mask_trans=*/true);
      return {out.m, out.z, out.s};
    });
    expect_the_same_in_slices([&]() -> std::vector<at::Tensor> {
      const EvoformerOutput out = stack->forward(in.m, in.z, {}, {}, /*mask_trans=*/false);
      return {out.m, out.z, out.s};
    });
  }
}

TEST(InferenceSlices, ABatchOfTwoIsTheSame) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack stack(config);
  randomise(*stack);
  stack->eval();
  const OddInputs in(config);
  const auto two = [](const at::Tensor& t) { return at::cat({t, t.flip(1)}); };
  expect_the_same_in_slices([&]() -> std::vector<at::Tensor> {
    const EvoformerOutput out = stack->forward(two(in.m), two(in.z), two(in.msa_mask), two(in.pair_mask), true);
    return {out.m, out.z, out.s};
  });
}

TEST(InferenceSlices, ExtraMsaStackIsTheSame) {
  const EvoformerStackConfig config = small_stack_config();
  ExtraMsaStack stack(config);
  randomise(*stack);
  stack->eval();
  const OddInputs in(config);
  expect_the_same_in_slices(
      [&]() -> std::vector<at::Tensor> { return {stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, true)}; });
}

TEST(InferenceSlices, TemplatesAreTheSame) {
  const OddInputs in(small_stack_config());
  TemplateEmbedder embedder(small_template_config(in.z.size(-1)));
  randomise(*embedder);
  embedder->eval();
  const TensorDict batch = random_templates(3, 13);
  expect_the_same_in_slices(
      [&]() -> std::vector<at::Tensor> { return {embedder->forward(batch, in.z, in.pair_mask, true).pair}; });
}

TEST(InferenceSlices, WithGradientNothingChanges) {
  EvoformerStack stack(small_stack_config());
  randomise(*stack);
  stack->eval();
  const OddInputs in(small_stack_config());
  const at::Tensor plain = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, true).z;
  const InferenceSlices slices(1);
  const at::Tensor z = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, true).z;
  EXPECT_TRUE(z.requires_grad());
  EXPECT_TRUE(torch::equal(z, plain));
}

TEST(InferenceSlices, TakeLessMemory) {
  const torch::NoGradGuard no_grad;
  EvoformerStackConfig config;  // the widths of initial_training
  config.no_blocks = 1;
  EvoformerStack stack(config);
  stack->eval();
  constexpr std::int64_t residues = 160;
  const EvoformerInputs in = evoformer_inputs(config, 8, residues);
  const auto peak = [&](std::int64_t limit) {
    const InferenceSlices slices(limit);
    const TensorMemory memory;
    (void)stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, true);
    return static_cast<double>(memory.peak_bytes());
  };
  constexpr double pair = 4.0 * residues * residues * 128;  // bytes of the pair representation
  const double whole = peak(0), sliced = peak(1 << 20);
  EXPECT_GT(whole, 17 * pair) << "the outer products twice, 8 pair representations each";
  EXPECT_LT(sliced, 7 * pair) << "some pair representations, and slices of a MiB";
}

}  // namespace
}  // namespace foldperf::testing
