// In which arithmetic a run computes.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "trainer/config/trainer_config.hpp"

namespace foldperf::trainer {

enum class Precision {
  float32,
  tf32,  // float32 whose large products round their factors to 10 bits of mantissa (CUDA)
  bf16,  // trunk in bfloat16, masters, geometry and losses in float32
};

// "auto" is the first CUDA device, else the CPU. Throws SystemError when cuda is asked for and there is none.
at::Device choose_device(const std::string& name);

// "auto" is bf16 on a CUDA device that computes in it (compute capability 8.0), else float32.
Precision choose_precision(const std::string& name, at::Device device);
std::string name_of(Precision precision);

// With train.deterministic cuBLAS, too, has to repeat itself, which it takes from the environment: to be called before
// there are other threads.
void prepare_environment(const TrainConfig& config);

// Tells PyTorch, for the whole process: TF32 as `precision` wants it, and with train.deterministic only algorithms
// whose results do not change from run to run. Before the first product on a device.
void apply_arithmetic(const TrainConfig& config, Precision precision);

}  // namespace foldperf::trainer
