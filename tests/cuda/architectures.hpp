// What the CUDA build produced, seen from the device. No CUDA header here: GoogleTest and nvcc stay apart.
#pragma once

#include <vector>

namespace foldperf::testing {

int device_count();               // 0 without a driver
int device_compute_capability();  // 90 for H100
// Architecture of the machine code that was loaded for our kernel: the device's own unless it was left out of the
// build.
int loaded_binary_version();
std::vector<float> axpy_on_device(float a, const std::vector<float>& x, std::vector<float> y);

}  // namespace foldperf::testing
