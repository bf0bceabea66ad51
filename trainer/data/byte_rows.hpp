// Rows of an alignment as bytes, and which of them shares most residues with another: the costliest loop of a deep
// alignment's preparation (every extra row against every cluster).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace foldperf::trainer {

class ByteRows {
 public:
  // msa [rows, length] int64. Values from `classes` on (gaps, masks), and the room behind a row's end, become `never`:
  // no value of another ByteRows, with another `never`, is equal to it.
  ByteRows(const at::Tensor& msa, std::int64_t classes, std::uint8_t never);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }  // bytes of a row, a multiple of 32
  [[nodiscard]] const std::uint8_t* row(std::int64_t index) const { return bytes_.data() + index * stride_; }

 private:
  std::int64_t rows_;
  std::int64_t stride_;
  std::vector<std::uint8_t> bytes_;
};

// The row of `centers` that equals `row`, of the same stride, in most places; the first of equals.
std::int64_t most_alike(const ByteRows& centers, const std::uint8_t* row);

}  // namespace foldperf::trainer
