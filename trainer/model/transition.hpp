// The two-layer perceptron after attention: MSATransition (algorithm 9) and PairTransition (algorithm 15)
// (openfold/model/evoformer.py, openfold/model/pair_transition.py).
#pragma once

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: layer_norm, linear_1, linear_2.
class TransitionImpl : public TracedModule {
 public:
  // Hidden width n * c.
  TransitionImpl(std::int64_t c, std::int64_t n);
  // x [*, c], mask [*] or undefined (OpenFold's _mask_trans=False); gives [*, c].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask = {});

 private:
  at::Tensor transform(const at::Tensor& x, const at::Tensor& mask);

  LayerNorm layer_norm_{nullptr};
  Linear linear_1_{nullptr}, linear_2_{nullptr};
};
TORCH_MODULE(Transition);

using MsaTransition = Transition;
using PairTransition = Transition;

}  // namespace foldperf::trainer
