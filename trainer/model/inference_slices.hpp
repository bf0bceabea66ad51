// Work in slices where no gradient is wanted. A chain of N residues has intermediate tensors of N * N * N numbers
// (logits of the triangle attention) and of N * N * 1024 (outer product mean); an evaluation takes whole chains, and
// what is computed row by row anyway need not be in memory for all rows at once (OpenFold: utils/chunk_utils.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace foldperf::trainer {

// While it lives, modules that this thread calls without gradient work in slices whose intermediate tensors take about
// `bytes` (more where a single row does). 0: no slices. They nest: the innermost counts. Slices change how matrix
// products round, and nothing else. Where gradients are wanted nothing changes.
class InferenceSlices {
 public:
  explicit InferenceSlices(std::int64_t bytes);
  ~InferenceSlices();
  InferenceSlices(const InferenceSlices&) = delete;
  InferenceSlices& operator=(const InferenceSlices&) = delete;

 private:
  std::int64_t before_;
};

// How many of `count` rows to work on at once, each with intermediate tensors of `numbers_each` numbers of `like`'s
// type: at least 1, and `count` where slices are not wanted or not needed.
std::int64_t rows_at_once(std::int64_t count, std::int64_t numbers_each, const at::Tensor& like);

// slice(first, size) for all rows, `at_once` at a time, put together along dimension `dim` of the results. With all
// rows at once this is the plain call.
at::Tensor in_slices(std::int64_t count, std::int64_t at_once, std::int64_t dim,
                     const std::function<at::Tensor(std::int64_t first, std::int64_t size)>& slice);

// Rows `first` to `first + size` of a tensor: the tensor itself where that is all of it, or where it has one row for
// all.
at::Tensor rows_of(const at::Tensor& tensor, std::int64_t dim, std::int64_t first, std::int64_t size);

}  // namespace foldperf::trainer
