// The update of the backbone frames (AlphaFold 2 supplement, algorithm 23; openfold/model/structure_module.py).
#pragma once

#include "trainer/instrument/traced_module.hpp"
#include "trainer/model/linear.hpp"

namespace foldperf::trainer {

// Parameters: linear.
class BackboneUpdateImpl : public TracedModule {
 public:
  explicit BackboneUpdateImpl(std::int64_t c_s);
  // s [*, N, c_s] to [*, N, 6]: the x, y, z of a quaternion (1, x, y, z), then a translation.
  at::Tensor forward(const at::Tensor& s);

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(BackboneUpdate);

}  // namespace foldperf::trainer
