// OpenFold's linear layer with its initialisations (AlphaFold 2 supplement, section 1.11.4;
// openfold/model/primitives.py).
#pragma once

#include <torch/torch.h>

namespace foldperf::trainer {

// How weights start. Biases start at 0, for `gating` at 1.
enum class LinearInit {
  lecun,   // truncated normal, variance 1/fan_in (OpenFold: "default")
  relu,    // truncated normal, variance 2/fan_in ("relu")
  glorot,  // uniform, fan average ("glorot")
  gating,  // weight 0, bias 1: an open gate ("gating")
  normal,  // normal, variance 1/fan_in ("normal")
  final,   // weight 0: the layer's block starts as the identity ("final")
};

// Fills weight [out, in] from the default generator of its device.
void initialise_linear(at::Tensor& weight, LinearInit init);

// [*, in] to [*, out]. Parameters: weight [out, in] and, unless switched off, bias [out].
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(std::int64_t in, std::int64_t out, LinearInit init = LinearInit::lecun, bool with_bias = true);
  at::Tensor forward(const at::Tensor& x) const;

  torch::Tensor weight;
  torch::Tensor bias;  // undefined when switched off
};
TORCH_MODULE(Linear);

// Layer normalisation over the last dimension with OpenFold's eps. Parameters: weight [c], bias [c].
class LayerNormImpl : public torch::nn::Module {
 public:
  explicit LayerNormImpl(std::int64_t channels, double eps = 1e-5);
  at::Tensor forward(const at::Tensor& x) const;

  torch::Tensor weight;
  torch::Tensor bias;

 private:
  double eps_;
};
TORCH_MODULE(LayerNorm);

}  // namespace foldperf::trainer
