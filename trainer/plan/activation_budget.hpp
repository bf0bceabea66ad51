// As many blocks as a memory budget allows keep their activations; the others are recomputed (train.memory).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trainer/config/trainer_config.hpp"
#include "trainer/memory/device_memory.hpp"

namespace foldperf::trainer {

struct ActivationPlan {
  std::int64_t budget = 0;       // bytes
  std::int64_t blocks_kept = 0;  // model.blocks_kept
  std::int64_t blocks = 0;       // of all stacks
  std::int64_t needed = 0;       // bytes, predicted with that many kept
};

// The largest number of blocks with which the predicted need is within the budget. Throws UsageError, naming settings
// that would fit, where not even recomputing every block is.
ActivationPlan plan_activations(const TrainerConfig& config, std::int64_t budget);

// What train.memory means, in bytes: a number of GiB, or with "auto" what the device has free but for a margin. Nothing
// where it is "off", and where it is "auto" on a device that does not tell. Throws UsageError where it is more than the
// device has.
std::optional<std::int64_t> memory_budget(const TrainConfig& config, const std::optional<DeviceCapacity>& device);

// Sets the model's checkpointing as planned.
void apply_plan(const ActivationPlan& plan, ModelConfig& model);
// "train.memory: 31 of 54 blocks keep their activations (Evoformer 31 of 48, ...), 68.2 of 70.0 GiB".
std::string plan_text(const ActivationPlan& plan, const ModelConfig& model);

}  // namespace foldperf::trainer
