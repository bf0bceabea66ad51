#include "trainer/memory/memory_errors.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace foldperf::trainer {

bool is_out_of_device_memory(const c10::Error& error) noexcept {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string_view text = error.what_without_backtrace();
  // c10/cuda/CUDAException.cpp, ATen/cuda/Exceptions.h. CUDNN_STATUS_ALLOC_FAILED is not among them: since cuDNN 9 that
  // is the host's memory.
  constexpr std::array<std::string_view, 4> beginnings{
      "CUDA error: out of memory", "CUDA driver error: out of memory", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED",
      "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"};
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return text.starts_with(beginning); });
}

bool is_out_of_memory() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const c10::Error& error) {
    // c10/core/impl/alloc_cpu.cpp
    return is_out_of_device_memory(error) ||
           std::string_view(error.what_without_backtrace()).find("DefaultCPUAllocator") != std::string_view::npos;
  } catch (...) {
    return false;
  }
}

}  // namespace foldperf::trainer
