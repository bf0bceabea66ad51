#include "trainer/model/inference_slices.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace foldperf::trainer {

namespace {

thread_local std::int64_t slice_bytes = 0;

}  // namespace

InferenceSlices::InferenceSlices(std::int64_t bytes) : before_(slice_bytes) { slice_bytes = bytes; }
InferenceSlices::~InferenceSlices() { slice_bytes = before_; }

std::int64_t rows_at_once(std::int64_t count, std::int64_t numbers_each, const at::Tensor& like) {
  if (slice_bytes <= 0 || count <= 1 || at::GradMode::is_enabled()) return count;
  const std::int64_t bytes_each =
      std::max<std::int64_t>(1, numbers_each * static_cast<std::int64_t>(like.element_size()));
  const std::int64_t most = std::clamp<std::int64_t>(slice_bytes / bytes_each, 1, count);
  // Slices of equal size: the last one is as worthwhile as the others.
  const std::int64_t slices = (count + most - 1) / most;
  return (count + slices - 1) / slices;
}

at::Tensor in_slices(std::int64_t count, std::int64_t at_once, std::int64_t dim,
                     const std::function<at::Tensor(std::int64_t first, std::int64_t size)>& slice) {
  if (at_once >= count) return slice(0, count);
  at::Tensor all;
  for (std::int64_t first = 0; first < count; first += at_once) {
    const std::int64_t size = std::min(at_once, count - first);
    const at::Tensor part = slice(first, size);
    if (!all.defined()) {
      std::vector<std::int64_t> shape = part.sizes().vec();
      shape[static_cast<std::size_t>(at::maybe_wrap_dim(dim, part.dim()))] = count;
      all = at::empty(shape, part.options());
    }
    all.narrow(dim, first, size).copy_(part);
  }
  return all;
}

at::Tensor rows_of(const at::Tensor& tensor, std::int64_t dim, std::int64_t first, std::int64_t size) {
  return tensor.size(dim) == 1 || tensor.size(dim) == size ? tensor : tensor.narrow(dim, first, size);
}

}  // namespace foldperf::trainer
