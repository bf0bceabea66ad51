#include "trainer/model/angle_resnet.hpp"

namespace foldperf::trainer {

AngleResnetBlockImpl::AngleResnetBlockImpl(std::int64_t c_hidden)
    : linear_1_(register_module("linear_1", Linear(c_hidden, c_hidden, LinearInit::relu))),
      linear_2_(register_module("linear_2", Linear(c_hidden, c_hidden, LinearInit::final))) {}

at::Tensor AngleResnetBlockImpl::forward(const at::Tensor& a) {
  const TraceScope scope(*this);
  return a + linear_2_(at::relu(linear_1_(at::relu(a))));
}

AngleResnetImpl::AngleResnetImpl(std::int64_t c_in, std::int64_t c_hidden, std::int64_t no_blocks,
                                 std::int64_t no_angles, double epsilon)
    : epsilon_(epsilon),
      linear_in_(register_module("linear_in", Linear(c_in, c_hidden))),
      linear_initial_(register_module("linear_initial", Linear(c_in, c_hidden))),
      linear_out_(nullptr) {
  auto layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < no_blocks; ++i) {
    layers_.emplace_back(c_hidden);
    layers->push_back(layers_.back());
  }
  linear_out_ = register_module("linear_out", Linear(c_hidden, no_angles * 2));
}

std::pair<at::Tensor, at::Tensor> AngleResnetImpl::forward(const at::Tensor& s, const at::Tensor& s_initial) {
  const TraceScope scope(*this);
  // The first rectifiers are in AlphaFold's source, not in its supplement.
  at::Tensor a = linear_in_(at::relu(s)) + linear_initial_(at::relu(s_initial));
  for (auto& layer : layers_) a = layer(a);
  const at::Tensor unnormalized = linear_out_(at::relu(a)).unflatten(-1, {-1, 2});
  const at::Tensor norm = at::sqrt(at::clamp_min(unnormalized.square().sum(-1, true), epsilon_));
  return {unnormalized, unnormalized / norm};
}

}  // namespace foldperf::trainer
