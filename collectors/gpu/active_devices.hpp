// The GPUs that this process works on: those whose primary context is alive, as the driver tells that the process has
// loaded itself. Nothing is loaded or initialised here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::collectors {

struct ActiveDevice {
  std::int32_t device = 0;  // CUDA's number, in this process
  std::string pci_bus_id;   // "0000:1b:00.0"
};

// Empty where there is no driver in the process, or it was not initialised. `library`: a test's, in the driver's place.
std::vector<ActiveDevice> active_devices(const char* library = "libcuda.so.1");

}  // namespace foldperf::collectors
