#include "trainer/instrument/backward_ranges.hpp"

#include <gmock/gmock.h>

#include "tests/trainer/instrument/recording_sink.hpp"
#include "trainer/instrument/operator_ranges.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/instrument/traced_module.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// y = tanh(x W), as a module.
class LayerImpl : public TracedModule {
 public:
  explicit LayerImpl(std::int64_t width) { weight_ = register_parameter("weight", torch::randn({width, width})); }
  at::Tensor forward(const at::Tensor& x) {
    TraceScope scope(*this);
    return torch::tanh(torch::matmul(x, weight_));
  }

 private:
  at::Tensor weight_;
};
TORCH_MODULE(Layer);

// Two inputs, two outputs, its input used several times inside and outside of its children.
class BlockImpl : public TracedModule {
 public:
  explicit BlockImpl(std::int64_t width)
      : first(register_module("first", Layer(width))), second(register_module("second", Layer(width))) {}
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& m, const at::Tensor& z) {
    TraceScope scope(*this);
    at::Tensor m_out = m + first(m * z) + m * m;
    at::Tensor z_out = z + second(m_out) * z;
    z_out.add_(m);
    return {m_out, z_out};
  }
  Layer first, second;
};
TORCH_MODULE(Block);

class NetImpl : public TracedModule {
 public:
  explicit NetImpl(std::int64_t width) {
    for (int i = 0; i < 2; ++i) blocks_->push_back(Block(width));
    register_module("blocks", blocks_);
  }
  at::Tensor forward(const at::Tensor& m, const at::Tensor& z) {
    TraceScope scope(*this);
    std::pair<at::Tensor, at::Tensor> state{m, z};
    for (std::size_t i = 0; i < blocks_->size(); ++i) {
      state = blocks_->at<BlockImpl>(i).forward(state.first, state.second);
    }
    return state.second;
  }

 private:
  torch::nn::ModuleList blocks_;
};
TORCH_MODULE(Net);

// Activation checkpointing of a block: forward without gradient, recomputed inside the backward pass.
struct Recompute : torch::autograd::Function<Recompute> {
  static variable_list forward(AutogradContext* context, at::Tensor m, at::Tensor z, BlockImpl* block) {
    context->saved_data["block"] = reinterpret_cast<std::int64_t>(block);
    context->save_for_backward({m, z});
    at::NoGradGuard no_grad;
    auto [m_out, z_out] = block->forward(m, z);
    return {m_out, z_out};
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto* block = reinterpret_cast<BlockImpl*>(context->saved_data["block"].toInt());
    const variable_list saved = context->get_saved_variables();
    const at::Tensor m = saved[0].detach().requires_grad_(saved[0].requires_grad());
    const at::Tensor z = saved[1].detach().requires_grad_(saved[1].requires_grad());
    at::AutoGradMode with_grad(true);
    auto [m_out, z_out] = block->forward(m, z);
    torch::autograd::backward({m_out, z_out}, {gradients[0], gradients[1]});
    return {m.grad(), z.grad(), {}};
  }
};

std::vector<at::Tensor> gradients_of(NetImpl& net, const at::Tensor& m, const at::Tensor& z) {
  net.zero_grad();
  net.forward(m, z).square().sum().backward();
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : net.parameters()) gradients.push_back(parameter.grad().clone());
  return gradients;
}

class BackwardRanges : public ::testing::Test {
 protected:
  BackwardRanges() {
    torch::manual_seed(1);
    m = torch::randn({3, 8});
    z = torch::randn({3, 8});
  }
  at::Tensor m, z;
};

TEST_F(BackwardRanges, FollowTheForwardInReverseAndBalance) {
  Net net(8);
  assign_trace_paths(*net, "net");
  RecordingSink sink;
  net->forward(m, z).sum().backward();
  EXPECT_TRUE(sink.balanced());
  EXPECT_THAT(sink.only('f'),
              ElementsAre("+f:net", "+f:blocks.0", "+f:blocks.0.first", "-f:blocks.0.first", "+f:blocks.0.second",
                          "-f:blocks.0.second", "-f:blocks.0", "+f:blocks.1", "+f:blocks.1.first", "-f:blocks.1.first",
                          "+f:blocks.1.second", "-f:blocks.1.second", "-f:blocks.1", "-f:net"));
  EXPECT_THAT(sink.only('b'),
              ElementsAre("+b:net", "+b:blocks.1", "+b:blocks.1.second", "-b:blocks.1.second", "+b:blocks.1.first",
                          "-b:blocks.1.first", "-b:blocks.1", "+b:blocks.0", "+b:blocks.0.second", "-b:blocks.0.second",
                          "+b:blocks.0.first", "-b:blocks.0.first", "-b:blocks.0", "-b:net"));
}

// The engine's spans around its nodes are no operators: between a node's span and the module's range nothing nests.
TEST_F(BackwardRanges, AreTheSameWhereOperatorsAreRecorded) {
  Net net(8);
  assign_trace_paths(*net, "net");
  std::vector<std::string> alone, with_operators;
  {
    RecordingSink sink;
    net->forward(m, z).sum().backward();
    alone = sink.only('b');
  }
  {
    RecordingSink sink;
    const OperatorRanges operators;
    net->forward(m, z).sum().backward();
    with_operators = sink.only('b');
    EXPECT_TRUE(sink.balanced());
    EXPECT_THAT(sink.only('o'), ::testing::Contains("+o:aten::mm"));
    EXPECT_THAT(sink.only('o'), ::testing::Each(::testing::Not(::testing::HasSubstr("autograd::engine"))));
  }
  EXPECT_EQ(with_operators, alone);
}

TEST_F(BackwardRanges, LeaveGradientsBitForBit) {
  Net net(8);
  assign_trace_paths(*net);
  m.requires_grad_();
  const auto plain = gradients_of(*net, m, z);
  const at::Tensor plain_input = m.grad().clone();
  m.mutable_grad().reset();
  RecordingSink sink;
  const auto traced = gradients_of(*net, m, z);
  ASSERT_EQ(plain.size(), traced.size());
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(torch::equal(plain[i], traced[i])) << i;
  EXPECT_TRUE(torch::equal(plain_input, m.grad()));
}

TEST_F(BackwardRanges, CopeWithOutputsThatNobodyUses) {
  Block block(8);
  assign_trace_paths(*block, "block", "block.");
  RecordingSink sink;
  block->forward(m, z).first.sum().backward();
  EXPECT_TRUE(sink.balanced());
  EXPECT_THAT(sink.only('b'), ElementsAre("+b:block", "+b:block.first", "-b:block.first", "-b:block"));
}

TEST_F(BackwardRanges, RecomputationIsAFrameOfItsOwn) {
  Block before(8), inside(8);
  assign_trace_paths(*before, "before", "before.");
  assign_trace_paths(*inside, "inside", "inside.");
  RecordingSink sink;
  auto [m_one, z_one] = before->forward(m, z);
  const std::size_t remembered = remembered_forward_scopes();
  const variable_list out = Recompute::apply(m_one, z_one, inside.get());
  const std::size_t forward_events = sink.events.size();
  (out[0].sum() + out[1].sum()).backward();
  EXPECT_TRUE(sink.balanced());
  EXPECT_EQ(remembered_forward_scopes(), remembered);
  const std::vector<std::string> backward(sink.events.begin() + static_cast<std::ptrdiff_t>(forward_events),
                                          sink.events.end());
  EXPECT_THAT(backward,
              ElementsAre("+f:inside", "+f:inside.first", "-f:inside.first", "+f:inside.second", "-f:inside.second",
                          "-f:inside", "+b:inside", "+b:inside.second", "-b:inside.second", "+b:inside.first",
                          "-b:inside.first", "-b:inside", "+b:before", "+b:before.second", "-b:before.second",
                          "+b:before.first", "-b:before.first", "-b:before"));
}

struct Thrower : torch::autograd::Function<Thrower> {
  static at::Tensor forward(AutogradContext*, at::Tensor x) { return x.clone(); }
  static variable_list backward(AutogradContext*, variable_list) { throw std::runtime_error("backward failed"); }
};

TEST_F(BackwardRanges, CloseAfterABackwardThatThrew) {
  Block block(8);
  assign_trace_paths(*block, "block", "block.");
  RecordingSink sink;
  m.requires_grad_();
  auto [m_out, z_out] = block->forward(Thrower::apply(m), z);
  {
    BackwardPhaseRange phase;
    EXPECT_THROW(z_out.sum().backward(), std::runtime_error);
  }
  EXPECT_TRUE(sink.balanced());
  EXPECT_EQ(sink.events.back(), "-p:backward");
}

TEST_F(BackwardRanges, NothingIsRememberedWithoutGradients) {
  Net net(8);
  assign_trace_paths(*net);
  RecordingSink sink;
  forget_forward_scopes();
  at::NoGradGuard no_grad;
  (void)net->forward(m, z);
  EXPECT_EQ(remembered_forward_scopes(), 0u);
  EXPECT_TRUE(sink.balanced());
}

TEST_F(BackwardRanges, StepsDoNotPileUp) {
  Net net(8);
  assign_trace_paths(*net);
  RecordingSink sink;
  std::size_t after_first = 0;
  for (int step = 0; step < 3; ++step) {
    StepRange range(step);
    net->forward(m, z).sum().backward();
    if (step == 0) after_first = remembered_forward_scopes();
  }
  EXPECT_EQ(remembered_forward_scopes(), after_first);
  EXPECT_TRUE(sink.balanced());
}

TEST_F(BackwardRanges, SwitchedOffNothingHappens) {
  Net net(8);
  assign_trace_paths(*net);
  RecordingSink sink;
  enable_instrumentation(false);
  net->forward(m, z).sum().backward();
  EXPECT_THAT(sink.events, IsEmpty());
}

TEST_F(BackwardRanges, AModuleWithoutPathIsSilent) {
  Net net(8);
  RecordingSink sink;
  net->forward(m, z).sum().backward();
  EXPECT_THAT(sink.events, IsEmpty());
}

}  // namespace
}  // namespace foldperf::trainer
