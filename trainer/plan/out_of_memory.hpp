// What to tell a person whose device ran out of memory.
#pragma once

#include <c10/util/Exception.h>

#include <optional>
#include <string>

#include "core/error.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/memory/device_memory.hpp"

namespace foldperf::trainer {

// The phase, what was asked for, what the plan says is needed, and which settings to change to what.
SystemError explain_out_of_memory(const c10::Error& error, const TrainerConfig& config,
                                  const std::optional<DeviceCapacity>& device);

}  // namespace foldperf::trainer
