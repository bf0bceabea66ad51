// Device memory of full-sized training steps, predicted without a device and measured on the one at hand, in one table.
//
//   memory_bench [--passes N] [options of foldperf-train]
//
// A row each for bf16 and float32, with every block recomputed, half of them, and none. Rows that the plan says do not
// fit are not run; on a machine without a GPU there are predictions alone. Steps run without graphs, whose pools would
// be measured along.
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>

#include "bench/bench_main.hpp"
#include "core/error.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/memory/device_memory.hpp"
#include "trainer/model/kept_blocks.hpp"
#include "trainer/plan/memory_plan.hpp"
#include "trainer/plan/widest_batch.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

struct Measured {
  double allocated = 0, reserved = 0, used = 0;  // GiB; used: of the device, by all that runs on it
};

std::optional<Measured> measure(const TrainerConfig& config, std::int64_t passes, at::Device device) {
  const WorkStream stream(device);
  c10::DeviceAllocator& allocator = *at::getDeviceAllocator(device.type());
  Measured result;
  {
    Trainer trainer(config, device);
    TrainingBatch batch = widest_batch(config.data, DataMode::train, passes);
    batch.features = map_tensors(batch.features, [device](const at::Tensor& tensor) {
      return torch::zeros(tensor.sizes(), tensor.options().device(device));
    });
    try {
      for (std::int64_t step = 0; step < 2; ++step) trainer.step(step, batch);
    } catch (const c10::OutOfMemoryError&) {
      allocator.emptyCache();
      return std::nullopt;
    }
    for (const auto& [phase, gib] : trainer.memory().peaks_gib()) result.allocated = std::max(result.allocated, gib);
    result.reserved = trainer.memory().peak_reserved_gib();
    const auto capacity = DeviceMemory::capacity(device);
    if (capacity) result.used = capacity->total_gib - capacity->free_gib;
  }
  allocator.emptyCache();
  return result;
}

int run(std::vector<std::string> arguments) {
  std::int64_t passes = 1;
  if (arguments.size() >= 2 && arguments[0] == "--passes") {
    passes = std::stoll(arguments[1]);
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  const CommandLine line = parse_command_line(arguments);
  const TrainerConfig given = planned_config(trainer_config_from_json(resolve_config(line.sources)));
  const bool has_gpu = torch::cuda::is_available();
  const at::Device device(at::kCUDA, 0);
  std::printf("%-9s %-14s | %9s %9s %9s | %9s %9s %9s   GiB, %ld pass(es)\n", "precision", "blocks kept", "tensors",
              "segments", "device", "tensors", "segments", "device", static_cast<long>(passes));
  std::printf("%-24s | %29s | %29s\n", "", "predicted", has_gpu ? "measured" : "no GPU here");
  for (const char* precision : {"bf16", "float32"}) {
    const std::int64_t blocks = stack_blocks(given.model);
    for (const std::int64_t kept : {std::int64_t{0}, blocks / 2, blocks}) {
      TrainerConfig config = given;
      config.train.precision = precision;
      config.train.cuda_graphs = false;
      config.model.blocks_per_checkpoint = 1;
      config.model.blocks_kept = kept;
      const auto start = std::chrono::steady_clock::now();
      const StepMemory plan = step_memory(config, passes);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      std::printf("%-9s %4ld of %-6ld | %9.2f %9.2f %9.2f |", precision, static_cast<long>(kept),
                  static_cast<long>(blocks), to_gib(plan.peak.allocated), to_gib(plan.peak.reserved),
                  to_gib(plan.needed()));
      const auto capacity = has_gpu ? DeviceMemory::capacity(device) : std::nullopt;
      if (capacity && to_gib(plan.peak.allocated) < capacity->free_gib) {
        if (const auto measured = measure(config, passes, device)) {
          std::printf(" %9.2f %9.2f %9.2f", measured->allocated, measured->reserved, measured->used);
        } else {
          std::printf(" %29s", "out of memory");
        }
      } else {
        std::printf(" %29s", has_gpu ? "not tried" : "");
      }
      std::printf("   planned in %.2f s\n", seconds);
      std::fflush(stdout);
    }
  }
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("memory_bench", foldperf::trainer::run, argc, argv);
}
