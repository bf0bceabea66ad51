#include "trainer/data/compact_sample.hpp"

#include <ATen/ATen.h>

#include "trainer/data/tensor_block.hpp"

namespace foldperf::trainer {

namespace {

// The sample whose block was copied to `bytes`.
CompactSample with_block(const CompactSample& sample, const at::Tensor& bytes) {
  const auto moved = [&](const at::Tensor& tensor) {
    return tensor_at(bytes, offset_in_block(tensor), tensor.scalar_type(), tensor.sizes());
  };
  CompactSample result;
  result.passes = sample.passes;
  result.size = sample.size;
  result.fixed = map_tensors(sample.fixed, moved);
  result.varying = map_tensors(sample.varying, moved);
  result.bytes = bytes;
  return result;
}

}  // namespace

CompactSample CompactSample::to(at::Device device, bool non_blocking) const {
  const at::Tensor copy = bytes.to(device, non_blocking);
  return copy.is_same(bytes) ? *this : with_block(*this, copy);
}

CompactSample CompactSample::pinned() const {
  if (!bytes.is_cpu() || !at::globalContext().hasCUDA()) return *this;
  const at::Tensor copy = bytes.pin_memory();
  return copy.is_same(bytes) ? *this : with_block(*this, copy);
}

}  // namespace foldperf::trainer
