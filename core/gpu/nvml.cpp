#include "core/gpu/nvml.hpp"

#include <dlfcn.h>

#include <array>

namespace foldperf::gpu {
namespace {

// Numbers of nvml.h. A device is a pointer that only the library looks into.
using Device = void*;
constexpr int success = 0;
constexpr int function_not_found = 13;
constexpr unsigned clock_sm = 1;
constexpr unsigned clock_memory = 2;
constexpr unsigned temperature_gpu = 0;
struct Utilization {
  unsigned gpu;
  unsigned memory;
};

}  // namespace

struct NvmlDevice::Api {
  explicit Api(const std::string& path) : library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library == nullptr) return;
    load(init, "nvmlInit_v2");
    load(shutdown, "nvmlShutdown");
    load(error_string, "nvmlErrorString");
    load(by_uuid, "nvmlDeviceGetHandleByUUID");
    load(by_pci_bus_id, "nvmlDeviceGetHandleByPciBusId_v2");
    load(get_name, "nvmlDeviceGetName");
    load(total_energy, "nvmlDeviceGetTotalEnergyConsumption");
    load(power_usage, "nvmlDeviceGetPowerUsage");
    load(clock_info, "nvmlDeviceGetClockInfo");
    load(temperature, "nvmlDeviceGetTemperature");
    load(utilization, "nvmlDeviceGetUtilizationRates");
    load(clock_reasons, "nvmlDeviceGetCurrentClocksEventReasons");
    // Its name before driver 535.
    if (clock_reasons == nullptr) load(clock_reasons, "nvmlDeviceGetCurrentClocksThrottleReasons");
  }
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api() {
    if (ready && shutdown != nullptr) shutdown();
    if (library != nullptr) dlclose(library);
  }

  template <typename Function>
  void load(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
  }

  // "Not Supported".
  [[nodiscard]] std::string text(int status) const {
    const char* words = error_string != nullptr ? error_string(status) : nullptr;
    return words != nullptr ? words : "NVML error " + std::to_string(status);
  }

  void* library = nullptr;
  bool ready = false;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*by_uuid)(const char*, Device*) = nullptr;
  int (*by_pci_bus_id)(const char*, Device*) = nullptr;
  int (*get_name)(Device, char*, unsigned) = nullptr;
  int (*total_energy)(Device, unsigned long long*) = nullptr;
  int (*power_usage)(Device, unsigned*) = nullptr;
  int (*clock_info)(Device, unsigned, unsigned*) = nullptr;
  int (*temperature)(Device, unsigned, unsigned*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*clock_reasons)(Device, unsigned long long*) = nullptr;
};

std::unique_ptr<NvmlDevice> NvmlDevice::open(const std::string& device, std::string& why_not,
                                             const std::string& library) {
  why_not.clear();
  auto api = std::make_unique<Api>(library);
  if (api->library == nullptr) {
    const char* error = dlerror();
    why_not = error != nullptr ? error : library + " does not load";
    return nullptr;
  }
  if (api->init == nullptr || api->by_uuid == nullptr || api->by_pci_bus_id == nullptr) {
    why_not = library + " has not the functions of NVML";
    return nullptr;
  }
  if (const int status = api->init(); status != success) {
    why_not = "NVML does not start: " + api->text(status);
    return nullptr;
  }
  api->ready = true;
  Device handle = nullptr;
  const bool is_uuid = device.rfind("GPU-", 0) == 0 || device.rfind("MIG-", 0) == 0;
  const int status = is_uuid ? api->by_uuid(device.c_str(), &handle) : api->by_pci_bus_id(device.c_str(), &handle);
  if (status != success) {
    why_not = "NVML does not know the GPU " + device + ": " + api->text(status);
    return nullptr;
  }
  return std::unique_ptr<NvmlDevice>(new NvmlDevice(std::move(api), handle));
}

NvmlDevice::NvmlDevice(std::unique_ptr<Api> api, void* handle) : api_(std::move(api)), handle_(handle) {
  std::array<char, 96> name{};
  if (api_->get_name != nullptr && api_->get_name(handle_, name.data(), name.size() - 1) == success)
    name_ = name.data();

  // One look now tells what there is; what is missing is not asked for again.
  const auto keep = [&](auto*& function, const char* what, auto&&... arguments) {
    const int status = function != nullptr ? function(handle_, arguments...) : function_not_found;
    if (status == success) return;
    missing_.push_back(std::string(what) + " (" + (function != nullptr ? api_->text(status) : "not in this driver") +
                       ")");
    function = nullptr;
  };
  unsigned long long wide = 0;
  unsigned value = 0;
  Utilization utilization{};
  keep(api_->total_energy, "energy counter", &wide);
  keep(api_->power_usage, "power", &value);
  keep(api_->clock_info, "clocks", clock_sm, &value);
  keep(api_->temperature, "temperature", temperature_gpu, &value);
  keep(api_->utilization, "utilisation", &utilization);
  keep(api_->clock_reasons, "throttle reasons", &wide);
}

NvmlDevice::~NvmlDevice() = default;

GpuReading NvmlDevice::read() {
  GpuReading reading;
  const auto ask = [&](auto* function, auto& result, auto value, auto&&... arguments) {
    if (function != nullptr && function(handle_, arguments..., &value) == success) result = value;
  };
  ask(api_->total_energy, reading.energy_mj, 0ULL);
  ask(api_->power_usage, reading.power_mw, 0U);
  ask(api_->clock_info, reading.sm_clock_mhz, 0U, clock_sm);
  ask(api_->clock_info, reading.memory_clock_mhz, 0U, clock_memory);
  ask(api_->temperature, reading.temperature_c, 0U, temperature_gpu);
  ask(api_->clock_reasons, reading.clock_reasons, 0ULL);
  Utilization utilization{};
  if (api_->utilization != nullptr && api_->utilization(handle_, &utilization) == success) {
    reading.utilisation_percent = utilization.gpu;
  }
  return reading;
}

}  // namespace foldperf::gpu
