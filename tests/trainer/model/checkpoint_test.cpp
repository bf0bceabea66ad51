// Activation checkpointing gives the value and the gradients of the plain computation, with dropout on.
#include "trainer/model/checkpoint.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"
#include "tests/trainer/model/model_inputs.hpp"
#include "trainer/model/dropout.hpp"
#include "trainer/model/kept_blocks.hpp"
#include "trainer/model/random_tape.hpp"

namespace foldperf::testing {
namespace {

using namespace foldperf::trainer;

// Gradients of everything after one step with the generator at a fixed seed.
struct StackGradients {
  at::Tensor loss;
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> parameters;
};

template <typename Stack, typename Forward>
StackGradients run_stack(Stack& stack, const EvoformerInputs& plain, Forward forward) {
  stack->train();
  stack->zero_grad();
  EvoformerInputs in = plain;
  in.m = plain.m.clone().set_requires_grad(true);
  in.z = plain.z.clone().set_requires_grad(true);
  torch::manual_seed(11);
  StackGradients run;
  run.loss = forward(stack, in);
  run.loss.backward();
  run.inputs = {in.m.grad(), in.z.grad()};
  for (const at::Tensor& parameter : stack->parameters()) {
    run.parameters.push_back(parameter.grad().defined() ? parameter.grad().clone() : at::Tensor());
  }
  return run;
}

void expect_same(const StackGradients& actual, const StackGradients& expected) {
  EXPECT_TRUE(torch::equal(actual.loss, expected.loss));
  for (std::size_t i = 0; i < expected.inputs.size(); ++i) {
    if (!expected.inputs[i].defined()) continue;  // the loss does not use it
    ASSERT_TRUE(actual.inputs[i].defined()) << "input " << i;
    EXPECT_TRUE(torch::equal(actual.inputs[i], expected.inputs[i])) << "input " << i;
  }
  ASSERT_EQ(actual.parameters.size(), expected.parameters.size());
  for (std::size_t i = 0; i < expected.parameters.size(); ++i) {
    ASSERT_EQ(actual.parameters[i].defined(), expected.parameters[i].defined()) << "parameter " << i;
    if (!expected.parameters[i].defined()) continue;
    EXPECT_TRUE(torch::equal(actual.parameters[i], expected.parameters[i])) << "parameter " << i;
  }
}

at::Tensor evoformer_loss(EvoformerStack& stack, const EvoformerInputs& in) {
  const EvoformerOutput out = stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, false);
  return out.m.square().sum() + out.z.square().sum() + out.s.square().sum();
}

at::Tensor extra_loss(ExtraMsaStack& stack, const EvoformerInputs& in) {
  return stack->forward(in.m, in.z, in.msa_mask, in.pair_mask, false).square().sum();
}

at::Tensor template_loss(TemplatePairStack& stack, const EvoformerInputs& in) {
  return stack->forward(at::stack({in.z, in.z * 2}, -4), in.pair_mask.unsqueeze(-3), false).square().sum();
}

// The stack with the weights of another one.
template <typename Stack, typename Config>
Stack with_checkpoints(const Config& config, Stack& weights, std::int64_t blocks_per_checkpoint,
                       std::int64_t blocks_kept = 0) {
  Stack stack(config, Checkpointing{blocks_per_checkpoint, blocks_kept});
  const torch::NoGradGuard no_grad;
  const auto from = weights->parameters();
  const auto to = stack->parameters();
  for (std::size_t i = 0; i < from.size(); ++i) to[i].set_data(from[i].detach().clone());
  return stack;
}

TEST(Checkpoint, EvoformerGradientsWithDropoutAreThoseOfThePlainStack) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack plain(config);
  randomise(*plain);
  const EvoformerInputs inputs = evoformer_inputs(config, 4, 7);
  const StackGradients expected = run_stack(plain, inputs, evoformer_loss);
  for (const std::int64_t blocks : {1, 2, 5}) {
    SCOPED_TRACE(blocks);
    EvoformerStack recomputed = with_checkpoints(config, plain, blocks);
    expect_same(run_stack(recomputed, inputs, evoformer_loss), expected);
  }
}

TEST(Checkpoint, GradientsAreTheSameHoweverManyBlocksKeepTheirActivations) {
  EvoformerStackConfig config = small_stack_config();
  config.no_blocks = 4;
  EvoformerStack plain(config);
  randomise(*plain);
  const EvoformerInputs inputs = evoformer_inputs(config, 4, 7);
  const StackGradients expected = run_stack(plain, inputs, evoformer_loss);
  for (const std::int64_t blocks : {1, 3}) {
    for (const std::int64_t kept : {1, 2, 3, 4, 9}) {
      SCOPED_TRACE(std::to_string(blocks) + " together, " + std::to_string(kept) + " kept");
      EvoformerStack partly = with_checkpoints(config, plain, blocks, kept);
      expect_same(run_stack(partly, inputs, evoformer_loss), expected);
    }
  }
}

TEST(Checkpoint, TheLastBlocksKeepTheirActivations) {
  std::vector<int> calls(4);
  std::vector<CheckpointedBlock> blocks;
  const torch::nn::Module module;
  for (int& count : calls) {
    blocks.push_back({[&count](const std::vector<at::Tensor>& in) {
                        ++count;
                        return std::vector<at::Tensor>{in[0].exp().sin()};
                      },
                      &module});
  }
  const at::Tensor x = torch::ones({4}).set_requires_grad(true);
  run_blocks(blocks, {x}, Checkpointing{.blocks_per_checkpoint = 2, .blocks_kept = 1})[0].sum().backward();
  EXPECT_EQ(calls, (std::vector<int>{2, 2, 2, 1}));
}

TEST(Checkpoint, EvoformerBlocksAreTheFirstToKeepTheirs) {
  ModelConfig config;
  config.blocks_kept = 49;
  StackCheckpointing shares = share_kept_blocks(config);
  EXPECT_EQ(shares.evoformer.blocks_kept, 48);
  EXPECT_EQ(shares.template_pair.blocks_kept, 1);
  EXPECT_EQ(shares.extra_msa.blocks_kept, 0);
  EXPECT_EQ(stack_blocks(config), 48 + 2 + 4);
  config.template_.enabled = false;
  shares = share_kept_blocks(config);
  EXPECT_EQ(shares.template_pair.blocks_kept, 0);
  EXPECT_EQ(shares.extra_msa.blocks_kept, 1);
  EXPECT_EQ(stack_blocks(config), 48 + 4);
}

TEST(Checkpoint, ExtraMsaGradientsWithDropoutAreThoseOfThePlainStack) {
  const EvoformerStackConfig config = small_stack_config();
  ExtraMsaStack plain(config);
  randomise(*plain);
  const EvoformerInputs inputs = evoformer_inputs(config, 4, 7);
  const StackGradients expected = run_stack(plain, inputs, extra_loss);
  ExtraMsaStack recomputed = with_checkpoints(config, plain, 1);
  expect_same(run_stack(recomputed, inputs, extra_loss), expected);
}

TEST(Checkpoint, TemplateGradientsWithDropoutAreThoseOfThePlainStack) {
  TemplatePairStackConfig config;
  config.c_t = 8;
  config.c_hidden_tri_att = 4;
  config.c_hidden_tri_mul = 6;
  config.no_heads = 2;
  TemplatePairStack plain(config);
  randomise(*plain);
  const EvoformerInputs inputs = evoformer_inputs(small_stack_config(), 4, 7);
  const StackGradients expected = run_stack(plain, inputs, template_loss);
  TemplatePairStack recomputed = with_checkpoints(config, plain, 1);
  expect_same(run_stack(recomputed, inputs, template_loss), expected);
}

TEST(Checkpoint, RecomputationLeavesTheRandomNumbersAlone) {
  const EvoformerStackConfig config = small_stack_config();
  EvoformerStack plain(config);
  randomise(*plain);
  const EvoformerInputs inputs = evoformer_inputs(config, 4, 7);
  run_stack(plain, inputs, evoformer_loss);
  const at::Tensor expected = torch::rand({3});
  EvoformerStack recomputed = with_checkpoints(config, plain, 1);
  run_stack(recomputed, inputs, evoformer_loss);
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
}

TEST(Checkpoint, KeepsNoActivations) {
  const at::Tensor x = torch::ones({4}).set_requires_grad(true);
  int calls = 0;
  const auto function = [&calls](const std::vector<at::Tensor>& in) {
    ++calls;
    return std::vector<at::Tensor>{in[0].exp().sin()};
  };
  const at::Tensor y = checkpoint(function, {x}, {})[0];
  EXPECT_EQ(calls, 1);
  y.sum().backward();
  EXPECT_EQ(calls, 2) << "the backward pass computes it again";
  EXPECT_TRUE(torch::allclose(x.grad(), x.detach().exp().cos() * x.detach().exp()));
}

TEST(Checkpoint, PlainCallWithoutGradMode) {
  const at::Tensor x = torch::ones({4}).set_requires_grad(true);
  const torch::NoGradGuard no_grad;
  const at::Tensor y =
      checkpoint([](const std::vector<at::Tensor>& in) { return std::vector<at::Tensor>{in[0] * 2}; }, {x}, {})[0];
  EXPECT_FALSE(y.requires_grad());
}

TEST(Checkpoint, UnusedOutputsAndInputsWithoutGradient) {
  const at::Tensor x = torch::ones({4}).set_requires_grad(true);
  const at::Tensor constant = torch::full({4}, 3.0);
  const at::Tensor weight = torch::full({4}, 2.0).set_requires_grad(true);
  const auto outputs = checkpoint(
      [weight](const std::vector<at::Tensor>& in) {
        return std::vector<at::Tensor>{in[0] * in[1] * weight, in[1] + weight, in[1] * 2};
      },
      {x, constant}, {weight});
  outputs[0].sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), torch::full({4}, 6.0)));
  EXPECT_TRUE(torch::equal(weight.grad(), torch::full({4}, 3.0)));
}

TEST(RandomTape, ReplaysWhatWasRecordedAndRefusesMore) {
  RandomTape tape;
  const auto draw = [] { return RandomTape::draw([] { return torch::rand({3}); }); };
  at::Tensor first;
  {
    const RandomTape::Scope record(tape, RandomTape::Scope::Mode::record);
    first = draw();
  }
  EXPECT_EQ(tape.size(), 1U);
  const RandomTape::Scope replay(tape, RandomTape::Scope::Mode::replay);
  EXPECT_TRUE(torch::equal(draw(), first));
  EXPECT_THROW(draw(), Error);
}

}  // namespace
}  // namespace foldperf::testing
