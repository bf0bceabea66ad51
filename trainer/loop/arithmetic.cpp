#include "trainer/loop/arithmetic.hpp"

#include <ATen/Context.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/cuda.h>

#include <cstdlib>

#include "core/error.hpp"

namespace foldperf::trainer {

at::Device choose_device(const std::string& name) {
  const bool has_cuda = torch::cuda::is_available();
  if (name == "cuda" && !has_cuda) {
    throw SystemError("train.device is cuda, but PyTorch finds no CUDA device; `foldperf doctor` says what is missing");
  }
  return name == "cpu" || !has_cuda ? at::Device(at::kCPU) : at::Device(at::kCUDA, 0);
}

Precision choose_precision(const std::string& name, at::Device device) {
  if (name == "float32") return Precision::float32;
  if (name == "tf32") return Precision::tf32;
  if (name == "bf16") return Precision::bf16;
  constexpr int first_with_bf16 = 8;
  const bool computes_in_bf16 =
      device.is_cuda() && at::cuda::getDeviceProperties(device.index())->major >= first_with_bf16;
  return computes_in_bf16 ? Precision::bf16 : Precision::float32;
}

std::string name_of(Precision precision) {
  switch (precision) {
    case Precision::float32:
      return "float32";
    case Precision::tf32:
      return "tf32";
    case Precision::bf16:
      return "bf16";
  }
  return "?";
}

void prepare_environment(const TrainConfig& config) {
  // cuBLAS reads it when its first handle is made; with workspaces of fixed size its algorithms repeat bit for bit.
  if (config.deterministic) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
}

void apply_arithmetic(const TrainConfig& config, Precision precision) {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(precision != Precision::float32);
  context.setAllowBF16ReductionCuBLAS(false);  // partial sums of one product stay in float32
  if (!config.deterministic) return;
  prepare_environment(config);
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicFillUninitializedMemory(false);  // we write all that we read
}

}  // namespace foldperf::trainer
