// Energy, power and clocks of the device that a run trains on.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "trainer/telemetry/gpu_sampler.hpp"

namespace foldperf::trainer {

// "0000:1b:00.0": by which NVML knows the device, too, whatever CUDA_VISIBLE_DEVICES says.
std::string pci_bus_id(at::Device device);

// Null on the CPU, and where the driver tells nothing: then, and where it tells not all, `note` is told why, once.
std::unique_ptr<telemetry::GpuSampler> measure_gpu(at::Device device,
                                                   const std::function<void(const std::string&)>& note);

}  // namespace foldperf::trainer
