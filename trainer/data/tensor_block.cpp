#include "trainer/data/tensor_block.hpp"

#include <ATen/ATen.h>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t alignment = 64;  // a cache line; more than any element needs

std::int64_t byte_count(at::ScalarType type, at::IntArrayRef shape) {
  return c10::multiply_integers(shape) * static_cast<std::int64_t>(c10::elementSize(type));
}

}  // namespace

std::int64_t BlockLayout::add(at::ScalarType type, at::IntArrayRef shape) {
  const std::int64_t offset = size_;
  size_ += (byte_count(type, shape) + alignment - 1) / alignment * alignment;
  return offset;
}

at::Tensor tensor_at(const at::Tensor& block, std::int64_t offset, at::ScalarType type, at::IntArrayRef shape) {
  const auto element = static_cast<std::int64_t>(c10::elementSize(type));
  if (offset < 0 || offset % element != 0 || offset + byte_count(type, shape) > block.numel())
    throw Error("no room for a tensor at byte " + std::to_string(offset) + " of a block of " +
                std::to_string(block.numel()));
  // What the operators view and narrow do, which take several microseconds for each of some sixty tensors.
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(block.storage()), block.key_set(),
                                                               c10::scalarTypeToTypeMeta(type));
  tensor.unsafeGetTensorImpl()->set_storage_offset(offset / element);
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(shape);
  return tensor;
}

std::int64_t offset_in_block(const at::Tensor& tensor) {
  return tensor.storage_offset() * static_cast<std::int64_t>(tensor.element_size());
}

}  // namespace foldperf::trainer
