// Where the parameters of modules are made: on the CPU, unless a scope says otherwise. A module cannot be moved to the
// meta device (which plans of memory run on), but it can be made there, which also spares its random initialisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// In force on this thread for the life of the object.
class ParameterDevice {
 public:
  explicit ParameterDevice(at::Device device);
  ~ParameterDevice();
  ParameterDevice(const ParameterDevice&) = delete;
  ParameterDevice& operator=(const ParameterDevice&) = delete;

  [[nodiscard]] static at::Device current();

 private:
  at::Device outer_;
};

}  // namespace foldperf::trainer
