#include "collectors/gpu/active_devices.hpp"

#include <dlfcn.h>

#include <array>

namespace foldperf::collectors {
namespace {

// CUDA's driver API: numbers and signatures of cuda.h.
constexpr int success = 0;

template <typename Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

std::vector<ActiveDevice> active_devices(const char* library) {
  std::vector<ActiveDevice> devices;
  void* const driver = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (driver == nullptr) return devices;
  int (*get_count)(int*) = nullptr;
  int (*get)(int*, int) = nullptr;
  int (*primary_context_state)(int, unsigned*, int*) = nullptr;
  int (*pci_bus_id)(char*, int, int) = nullptr;
  int count = 0;
  if (find(driver, "cuDeviceGetCount", get_count) && find(driver, "cuDeviceGet", get) &&
      find(driver, "cuDevicePrimaryCtxGetState", primary_context_state) &&
      find(driver, "cuDeviceGetPCIBusId", pci_bus_id) && get_count(&count) == success) {
    for (int ordinal = 0; ordinal < count; ++ordinal) {
      int device = 0;
      unsigned flags = 0;
      int active = 0;
      std::array<char, 32> id{};
      if (get(&device, ordinal) == success && primary_context_state(device, &flags, &active) == success &&
          active != 0 && pci_bus_id(id.data(), static_cast<int>(id.size()), device) == success) {
        devices.push_back({ordinal, id.data()});
      }
    }
  }
  dlclose(driver);
  return devices;
}

}  // namespace foldperf::collectors
