// What the meta device counts, and that the operators added to it give shapes and types of those on the CPU.
#include "trainer/memory/meta_memory.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <string>
#include <tuple>
#include <vector>

namespace foldperf::trainer {
namespace {

constexpr std::int64_t one_mib = 1024 * 1024;

std::int64_t live() { return meta_memory::live().allocated; }

at::Tensor meta_floats(std::int64_t count) { return torch::empty({count}, at::kMeta); }

TEST(MetaMemory, CountsWhatTensorsHold) {
  meta_memory::install();
  const std::int64_t before = live();
  {
    const at::Tensor tensor = meta_floats(4 * one_mib);
    EXPECT_EQ(live() - before, 16 * one_mib);
    const at::Tensor view = tensor.view({2, -1}).transpose(0, 1);
    EXPECT_EQ(live() - before, 16 * one_mib) << "a view holds nothing of its own";
    const at::Tensor copy = view.contiguous();
    EXPECT_EQ(live() - before, 32 * one_mib);
  }
  EXPECT_EQ(live(), before);
}

TEST(MetaMemory, PeakSinceTheLastReset) {
  meta_memory::install();
  const std::int64_t before = live();
  const at::Tensor kept = meta_floats(4 * one_mib);
  (void)meta_floats(8 * one_mib);
  EXPECT_EQ(meta_memory::peak().allocated - before, 48 * one_mib);
  meta_memory::reset_peak();
  EXPECT_EQ(meta_memory::peak().allocated - before, 16 * one_mib);
}

TEST(MetaMemory, CountsWhatAutogradKeeps) {
  meta_memory::install();
  const at::Tensor x = meta_floats(4 * one_mib).set_requires_grad(true);
  const std::int64_t before = live();
  at::Tensor sum = x.exp().sum();  // keeps the exponentials
  EXPECT_EQ(live() - before, 16 * one_mib + 512);
  sum.backward();
  sum = at::Tensor();
  EXPECT_EQ(live() - before, 16 * one_mib) << "the gradient";
}

TEST(MetaMemory, ALimitIsAnErrorOfMemory) {
  meta_memory::install();
  meta_memory::release_unused();
  const std::int64_t reserved = meta_memory::live().reserved;
  const at::Tensor kept = meta_floats(8 * one_mib);
  meta_memory::set_limit(reserved + 67 * one_mib);
  { const at::Tensor fits = meta_floats(8 * one_mib); }
  { const at::Tensor fits_when_that_is_given_back = meta_floats(8 * one_mib + 1024); }
  EXPECT_THROW(meta_floats(9 * one_mib), c10::OutOfMemoryError);
  meta_memory::set_limit(0);
  EXPECT_NO_THROW(meta_floats(9 * one_mib));
}

// The operator on the CPU and on the meta device.
using Operator = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;
void expect_same_shapes(const std::string& name, const std::vector<at::Tensor>& inputs, const Operator& function) {
  SCOPED_TRACE(name);
  meta_memory::install();
  std::vector<at::Tensor> on_meta;
  for (const at::Tensor& input : inputs) {
    on_meta.push_back(input.defined() ? at::empty_like(input, input.options().device(at::kMeta)) : input);
  }
  const std::vector<at::Tensor> expected = function(inputs), actual = function(on_meta);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_EQ(actual[i].defined(), expected[i].defined());
    if (!expected[i].defined()) continue;
    EXPECT_TRUE(actual[i].is_meta());
    EXPECT_EQ(actual[i].sizes(), expected[i].sizes());
    EXPECT_EQ(actual[i].scalar_type(), expected[i].scalar_type());
  }
}

TEST(MetaKernels, HaveShapesAndTypesOfTheCpus) {
  using Tensors = std::vector<at::Tensor>;
  const at::Tensor x = torch::rand({3, 4, 6}), w = torch::rand({6}), b = torch::rand({6});
  const at::Tensor yes = x > 0.5, index = torch::tensor({2, 0, 1, 2});
  expect_same_shapes("layer_norm", {x, w, b}, [](const Tensors& in) {
    const auto [y, mean, rstd] = at::native_layer_norm(in[0], {6}, in[1], in[2], 1e-5);
    const auto [gx, gw, gb] =
        at::native_layer_norm_backward(y, in[0], {6}, mean, rstd, in[1], in[2], {true, true, true});
    const auto [gx_only, none, also_none] =
        at::native_layer_norm_backward(y, in[0], {6}, mean, rstd, in[1], in[2], {true, false, false});
    return Tensors{y, mean, rstd, gx, gw, gb, gx_only};
  });
  expect_same_shapes("layer_norm of bfloat16 keeps its statistics in float32 on a GPU", {x}, [](const Tensors& in) {
    return Tensors{std::get<0>(at::native_layer_norm(in[0].to(at::kBFloat16), {6}, {}, {}, 1e-5))};
  });
  expect_same_shapes("index_select", {x, index.remainder(3)}, [](const Tensors& in) {
    return Tensors{in[0].index_select(-2, in[1]), in[0].index_select(0, in[1])};
  });
  expect_same_shapes("where", {yes, x, w}, [](const Tensors& in) {
    return Tensors{at::where(in[0], in[1], in[2]), at::where(in[0], in[1].to(at::kBFloat16), in[2]),
                   at::where(in[0], in[2], 0.0)};
  });
  expect_same_shapes("elements", {x, yes}, [](const Tensors& in) {
    return Tensors{in[0].abs(),
                   in[0].relu(),
                   in[0].isnan(),
                   in[1].logical_not(),
                   in[0].logical_not(),
                   in[0].nan_to_num(),
                   in[0].clone().nan_to_num_(0.0),
                   in[1].logical_and(in[0].select(0, 0)),
                   in[1].clone().logical_or_(in[1])};
  });
  expect_same_shapes("reductions", {x}, [](const Tensors& in) {
    return Tensors{in[0].min(), in[0].max(), at::nansum(in[0]), at::nansum(in[0], {-1}, true)};
  });
  expect_same_shapes("bucketize", {x, torch::linspace(0, 1, 5)},
                     [](const Tensors& in) { return Tensors{at::bucketize(in[0], in[1])}; });
  expect_same_shapes("gradients", {x, torch::rand({10, 6}), index}, [](const Tensors& in) {
    const at::Tensor leaf = in[0].detach().set_requires_grad(true), table = in[1].detach().set_requires_grad(true);
    const at::Tensor sum = at::log_sigmoid(leaf).sum() + at::glu(leaf, -1).sum() + at::embedding(table, in[2]).sum();
    const auto gradients = torch::autograd::grad({sum}, {leaf, table});
    return Tensors{gradients[0], gradients[1]};
  });
}

}  // namespace
}  // namespace foldperf::trainer
