// What a configuration needs of a GPU's memory, told without one: the trainer's own step runs on LibTorch's meta
// device, where tensors have sizes but no memory and nothing is computed (trainer/memory/meta_memory.hpp). All that a
// step keeps and frees is in it: parameters, optimiser, moving average, gradients, the batch, the autograd graph,
// recomputation.
//
// Not in it: what CUDA's libraries take for themselves, for which FixedMemory has what was measured, and scratch memory
// inside of single kernels, which is small. docs/memory.md compares predictions with measurements.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "trainer/config/trainer_config.hpp"
#include "trainer/memory/meta_memory.hpp"

namespace foldperf::trainer {

inline constexpr double bytes_per_gib = 1024.0 * 1024.0 * 1024.0;
[[nodiscard]] inline double to_gib(std::int64_t bytes) { return static_cast<double>(bytes) / bytes_per_gib; }
[[nodiscard]] inline std::int64_t to_bytes(double gib) { return static_cast<std::int64_t>(gib * bytes_per_gib); }
// "12.3 GiB".
std::string gib_text(std::int64_t bytes);

// Outside of the tensors.
struct FixedMemory {
  std::int64_t context = 0;     // CUDA's own, with the kernels that were loaded
  std::int64_t workspaces = 0;  // of matrix products
  [[nodiscard]] std::int64_t total() const { return context + workspaces; }
};
FixedMemory fixed_memory();

struct StepMemory {
  std::int64_t passes = 0;
  // Bytes at rest, and what the forward pass and the loss leave for the backward pass.
  std::int64_t parameters = 0;
  std::int64_t optimizer = 0;  // Adam's moments and float32 masters
  std::int64_t average = 0;    // of the weights
  std::int64_t added_up = 0;   // gradients of the masters, from the first step on
  std::int64_t gradients = 0;  // as the backward pass gives them
  std::int64_t batch = 0;
  std::int64_t activations = 0;
  std::vector<std::pair<std::string, std::int64_t>> phases;  // most bytes in tensors, in the order of the step
  meta_memory::Usage peak;                                   // over all phases

  // With CUDA graphs: what their pool holds from their first capture on, in or out of a step.
  std::int64_t graph_pool = 0;
  // Where samples have many shapes, each runs once before it is captured, beside that pool.
  std::int64_t beside_graphs = 0;

  // What the device has to have: the allocator's segments and FixedMemory.
  [[nodiscard]] std::int64_t needed() const { return peak.reserved + beside_graphs + fixed_memory().total(); }
};

// A training step of the largest batch that the configuration can make, with `passes` recycling passes. Takes a
// fraction of a second.
StepMemory step_memory(const TrainerConfig& config, std::int64_t passes);
// With as many as there can be.
StepMemory step_memory(const TrainerConfig& config);
std::int64_t most_passes(const TrainerConfig& config);

// Most bytes in tensors while a chain of this length is evaluated, the trainer's own included.
std::int64_t evaluation_memory(const TrainerConfig& config, std::int64_t length);

// The configuration with "auto" precision decided: as for the CUDA device at hand, without one bf16 (which every GPU
// that this program is for computes in). train.device = "cpu" plans without graphs.
TrainerConfig planned_config(TrainerConfig config);

}  // namespace foldperf::trainer
