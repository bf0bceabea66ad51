#include "trainer/model/backbone_update.hpp"

namespace foldperf::trainer {

BackboneUpdateImpl::BackboneUpdateImpl(std::int64_t c_s)
    : linear_(register_module("linear", Linear(c_s, 6, LinearInit::final))) {}

at::Tensor BackboneUpdateImpl::forward(const at::Tensor& s) {
  const TraceScope scope(*this);
  return linear_(s);
}

}  // namespace foldperf::trainer
