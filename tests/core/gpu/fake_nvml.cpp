// A library in the place of the driver's libnvidia-ml.so.1, with made-up values. FAKE_NVML, words separated by blanks:
// "no_driver" does not start; "no_energy", "no_clock_reasons" do not support these. As FAKE_NVML_OLD it lacks what
// early drivers lack.
#include <cstdlib>
#include <cstring>

namespace {

constexpr int not_supported = 3;
constexpr int not_found = 6;
constexpr int driver_not_loaded = 9;

int starts = 0;
unsigned long long energy_mj = 5'000'000;
char the_gpu;

bool told(const char* word) {
  const char* words = std::getenv("FAKE_NVML");
  return words != nullptr && std::strstr(words, word) != nullptr;
}

int known(bool is_known, void** device) {
  if (is_known) *device = &the_gpu;
  return is_known ? 0 : not_found;
}

int answer(void* device, unsigned* result, unsigned value) {
  if (device != &the_gpu) return not_found;
  *result = value;
  return 0;
}

}  // namespace

extern "C" {

int fake_nvml_starts() { return starts; }

int nvmlInit_v2() {
  if (told("no_driver")) return driver_not_loaded;
  ++starts;
  return 0;
}
int nvmlShutdown() {
  --starts;
  return 0;
}
const char* nvmlErrorString(int status) {
  switch (status) {
    case not_supported:
      return "Not Supported";
    case not_found:
      return "Not Found";
    case driver_not_loaded:
      return "Driver Not Loaded";
    default:
      return "Unknown Error";
  }
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  return known(std::strcmp(uuid, "GPU-11111111-2222-3333-4444-555555555555") == 0, device);
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  return known(std::strcmp(id, "0000:1b:00.0") == 0, device);
}
int nvmlDeviceGetName(void*, char* name, unsigned size) {
  std::strncpy(name, "Made-up GPU", size);
  return 0;
}
// 50 J more at each look.
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* value) {
  if (told("no_energy")) return not_supported;
  if (device != &the_gpu) return not_found;
  *value = energy_mj += 50'000;
  return 0;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* value) { return answer(device, value, 650'000); }
int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* value) {
  return answer(device, value, type == 1 ? 1755 : type == 2 ? 2619 : 0);
}
int nvmlDeviceGetTemperature(void* device, unsigned, unsigned* value) { return answer(device, value, 61); }
int nvmlDeviceGetUtilizationRates(void* device, unsigned* gpu_and_memory) {
  gpu_and_memory[1] = 40;
  return answer(device, gpu_and_memory, 97);
}
#ifdef FAKE_NVML_OLD
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
#else
int nvmlDeviceGetCurrentClocksEventReasons(void*, unsigned long long* reasons) {
#endif
  if (told("no_clock_reasons")) return not_supported;
  *reasons = 0x04;  // the power cap
  return 0;
}

}  // extern "C"
