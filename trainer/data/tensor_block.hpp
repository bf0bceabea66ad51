// Tensors of several types in one block of bytes: one allocation holds them, one copy moves them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace foldperf::trainer {

// Where tensors lie in a block that is yet to be made.
class BlockLayout {
 public:
  // Room for a contiguous tensor behind those before it: where it begins, in bytes, a multiple of 64.
  std::int64_t add(at::ScalarType type, at::IntArrayRef shape);
  [[nodiscard]] std::int64_t size() const { return size_; }  // bytes

 private:
  std::int64_t size_ = 0;
};

// The contiguous tensor that begins at byte `offset` of a block (uint8 [n], contiguous, on any device); shares its
// memory. Throws Error where it would not lie in the block.
at::Tensor tensor_at(const at::Tensor& block, std::int64_t offset, at::ScalarType type, at::IntArrayRef shape);

// Where a tensor of tensor_at begins, in bytes.
std::int64_t offset_in_block(const at::Tensor& tensor);

}  // namespace foldperf::trainer
