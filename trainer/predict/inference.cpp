#include "trainer/predict/inference.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <torch/torch.h>

#include <string>

#include "trainer/memory/memory_errors.hpp"
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
