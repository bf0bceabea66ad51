#include "trainer/data/zeroed_tensor.hpp"

#include <sys/mman.h>
#include <torch/torch.h>

namespace foldperf::trainer {

at::Tensor zeroed_tensor(at::IntArrayRef shape, at::ScalarType type) {
  constexpr std::size_t large = std::size_t{1} << 18;  // below, malloc's memory is warm already
  const auto options = at::TensorOptions().dtype(type);
  const std::size_t bytes = static_cast<std::size_t>(c10::multiply_integers(shape)) * c10::elementSize(type);
  if (bytes < large) return torch::zeros(shape, options);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return torch::zeros(shape, options);  // which says what is wrong, in Torch's words
  madvise(memory, bytes, MADV_HUGEPAGE);                          // fewer faults where the system has huge pages
  return torch::from_blob(
      memory, shape, [bytes](void* pages) { munmap(pages, bytes); }, options);
}

}  // namespace foldperf::trainer
