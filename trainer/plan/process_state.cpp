#include "trainer/plan/process_state.hpp"

#include <ATen/Context.h>
#include <torch/cuda.h>

#include <cstdlib>
#include <mutex>

#include "trainer/protein/residue_constants.hpp"

namespace foldperf::trainer {

namespace {

constexpr const char* workspace_setting = "CUBLAS_WORKSPACE_CONFIG";

// Those that torch::manual_seed seeds.
std::vector<at::Generator> default_generators() {
  at::Context& context = at::globalContext();
  std::vector<at::Generator> generators{context.defaultGenerator(at::kCPU)};
  const auto devices = static_cast<c10::DeviceIndex>(torch::cuda::device_count());
  for (c10::DeviceIndex i = 0; i < devices; ++i) {
    generators.push_back(context.defaultGenerator(at::Device(at::kCUDA, i)));
  }
  return generators;
}

}  // namespace

ProcessState::ProcessState() {
  std::vector<at::Generator> generators = default_generators();
  for (at::Generator& generator : generators) {
    const std::scoped_lock lock(generator.mutex());
    generators_.emplace_back(generator, generator.get_state());
  }
  const at::Context& context = at::globalContext();
  tf32_ = context.allowTF32CuBLAS();
  const at::CuBLASReductionOption reduction = context.allowBF16ReductionCuBLAS();
  reduced_bf16_ = reduction == at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK;
  split_bf16_ = reduction != at::CuBLASReductionOption::DisallowReducedPrecisionDisallowSplitK;
  deterministic_ = context.deterministicAlgorithms();
  only_warns_ = context.deterministicAlgorithmsWarnOnly();
  fills_ = context.deterministicFillUninitializedMemory();
  has_workspace_setting_ = std::getenv(workspace_setting) != nullptr;
}

ProcessState::~ProcessState() {
  for (auto& [generator, state] : generators_) {
    const std::scoped_lock lock(generator.mutex());
    generator.set_state(state);
  }
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(tf32_);
  context.setAllowBF16ReductionCuBLAS(reduced_bf16_, split_bf16_);
  context.setDeterministicAlgorithms(deterministic_, only_warns_);
  context.setDeterministicFillUninitializedMemory(fills_);
  if (!has_workspace_setting_) ::unsetenv(workspace_setting);
  residue_tables::forget_copies(at::kMeta);
}

}  // namespace foldperf::trainer
