#include "trainer/predict/inference.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "trainer/model/inference_slices.hpp"

namespace foldperf::trainer {

namespace {

constexpr int attempts = 3;
constexpr std::int64_t smaller = 8;
constexpr std::int64_t slices_after_none = std::int64_t{256} << 20;

std::string mib_text(std::int64_t bytes) {
  return bytes >= 1 << 20 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes >> 10) + " KiB";
}

void give_back_memory(at::Device device) {
  if (device.is_cuda()) c10::getDeviceAllocator(device.type())->emptyCache();
}

std::string what_to_do(at::Device device) {
  const std::string shorter = "set data.eval.crop_size for an evaluation, or leave this chain out";
  if (device.is_cpu()) return "free memory of this machine, " + shorter;
  return "free memory of the device, use train.device=cpu, " + shorter;
}

}  // namespace

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

OutOfMemory chain_out_of_memory(at::Device device) {
  give_back_memory(device);
  return OutOfMemory("memory is out for its features or scores; " + what_to_do(device));
}

TensorDict run_within_memory(std::int64_t slice_bytes, at::Device device, const std::function<TensorDict()>& run,
                             const InferenceNote& note) {
  for (int attempt = 1;; ++attempt) {
    try {
      const InferenceSlices slices(slice_bytes);
      return run();
    } catch (...) {
      if (!is_out_of_memory()) throw;
    }
    give_back_memory(device);
    if (attempt == attempts) break;
    slice_bytes = slice_bytes > 0 ? std::max<std::int64_t>(1, slice_bytes / smaller) : slices_after_none;
    if (note) note("memory is out; trying again in slices of " + mib_text(slice_bytes));
  }
  throw OutOfMemory("memory is out even in slices of " + mib_text(slice_bytes) + "; " + what_to_do(device));
}

TensorDict infer(AlphaFold& model, const TensorDict& features, const InferenceNote& note) {
  const at::NoGradGuard no_grad;
  const std::int64_t slice_bytes = model->config().inference_slice_mib << 20;
  return run_within_memory(
      slice_bytes, features.at("aatype").device(), [&] { return model->forward(features); }, note);
}

}  // namespace foldperf::trainer
