// The answer to `foldperf-train --dry-run`.
#pragma once

#include <optional>
#include <string>

#include "trainer/config/trainer_config.hpp"
#include "trainer/memory/device_memory.hpp"

namespace foldperf::trainer {

struct PlanQuestion {
  std::optional<double> memory_gib;      // of a device that is not at hand
  std::optional<DeviceCapacity> device;  // the one at hand
};

// A table of what training needs, of phases, of evaluation, and whether it fits; where it does not, with which settings
// it would.
std::string plan_report(const TrainerConfig& config, const PlanQuestion& question);

}  // namespace foldperf::trainer
