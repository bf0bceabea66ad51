// From the MSA to the pair representation (algorithm 10; openfold/model/outer_product_mean.py).
#pragma once

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: layer_norm, linear_1, linear_2, linear_out.
class OuterProductMeanImpl : public TracedModule {
 public:
  OuterProductMeanImpl(std::int64_t c_m, std::int64_t c_z, std::int64_t c_hidden, double eps = 1e-3);
  // m [*, S, N, c_m], mask [*, S, N] (undefined: all ones); gives [*, N, N, c_z]. Divides after the bias by the number
  // of sequences that count + eps, so a pair in no sequence gets bias / eps, as in OpenFold.
  at::Tensor forward(const at::Tensor& m, const at::Tensor& mask);

 private:
  at::Tensor project_products(const at::Tensor& a, const at::Tensor& b);

  double eps_;
  LayerNorm layer_norm_{nullptr};
  Linear linear_1_{nullptr}, linear_2_{nullptr}, linear_out_{nullptr};
};
TORCH_MODULE(OuterProductMean);

}  // namespace foldperf::trainer
