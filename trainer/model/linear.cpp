#include "trainer/model/linear.hpp"

#include <cmath>

#include "trainer/model/parameter_device.hpp"

namespace foldperf::trainer {

namespace {

// Normal distribution cut at two standard deviations, widened so that its variance after the cut is `variance`.
void truncated_normal(at::Tensor& weight, double variance) {
  constexpr double cut_deviation = 0.87962566103423978;    // of the unit normal cut at -2 and 2
  constexpr double cut_probability = 0.95449973610364159;  // erf(2 / sqrt(2))
  const double deviation = std::sqrt(variance) / cut_deviation;
  weight.uniform_(-cut_probability, cut_probability).erfinv_().mul_(std::sqrt(2.0) * deviation);
  weight.clamp_(-2 * deviation, 2 * deviation);
}

}  // namespace

void initialise_linear(at::Tensor& weight, LinearInit init) {
  const torch::NoGradGuard no_grad;
  const double fan_in = static_cast<double>(std::max<std::int64_t>(1, weight.size(1)));
  const double fan_out = static_cast<double>(weight.size(0));
  switch (init) {
    case LinearInit::lecun:
      truncated_normal(weight, 1 / fan_in);
      break;
    case LinearInit::relu:
      truncated_normal(weight, 2 / fan_in);
      break;
    case LinearInit::glorot: {
      const double bound = std::sqrt(6 / (fan_in + fan_out));
      weight.uniform_(-bound, bound);
      break;
    }
    case LinearInit::normal:
      weight.normal_(0, std::sqrt(1 / fan_in));
      break;
    case LinearInit::gating:
    case LinearInit::final:
      weight.zero_();
      break;
  }
}

LinearImpl::LinearImpl(std::int64_t in, std::int64_t out, LinearInit init, bool with_bias) {
  weight = register_parameter("weight", torch::empty({out, in}, ParameterDevice::current()));
  initialise_linear(weight, init);
  if (with_bias) {
    bias = register_parameter("bias",
                              torch::full({out}, init == LinearInit::gating ? 1.0 : 0.0, ParameterDevice::current()));
  }
}

at::Tensor LinearImpl::forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

LayerNormImpl::LayerNormImpl(std::int64_t channels, double eps) : eps_(eps) {
  weight = register_parameter("weight", torch::ones({channels}, ParameterDevice::current()));
  bias = register_parameter("bias", torch::zeros({channels}, ParameterDevice::current()));
}

at::Tensor LayerNormImpl::forward(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps_);
}

}  // namespace foldperf::trainer
