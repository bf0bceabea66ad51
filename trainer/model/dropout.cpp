#include "trainer/model/dropout.hpp"

#include <ATen/ATen.h>

#include "trainer/model/random_tape.hpp"

namespace foldperf::trainer {

at::Tensor shared_dropout_mask(const at::Tensor& x, double rate, std::int64_t shared_dim) {
  return RandomTape::draw([&] {
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.at(static_cast<std::size_t>(shared_dim < 0 ? shared_dim + x.dim() : shared_dim)) = 1;
    at::Tensor mask = at::empty(shape, x.options().requires_grad(false));
    if (rate >= 1) return mask.zero_();
    return mask.bernoulli_(1 - rate).div_(1 - rate);
  });
}

at::Tensor SharedDropout::operator()(const at::Tensor& x, bool training) const {
  if (!training || rate_ == 0) return x;
  return x * shared_dropout_mask(x, rate_, shared_dim_);
}

at::Tensor SharedDropout::add(const at::Tensor& residual, const at::Tensor& update, bool training) const {
  if (!training || rate_ == 0) return residual + update;
  return at::addcmul(residual, update, shared_dropout_mask(update, rate_, shared_dim_));
}

}  // namespace foldperf::trainer
