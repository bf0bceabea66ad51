// What a GPU tells of itself while it works, through NVML, the driver's libnvidia-ml.so.1. It is loaded at run time:
// programs start where there is no driver. Functions and numbers are those of NVIDIA's NVML API reference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldperf::gpu {

// One look. What the GPU or its driver does not tell is missing.
struct GpuReading {
  std::optional<std::uint64_t> energy_mj;  // since the driver was loaded, in mJ
  std::optional<std::uint32_t> power_mw;
  std::optional<std::uint32_t> sm_clock_mhz;
  std::optional<std::uint32_t> memory_clock_mhz;
  std::optional<std::uint32_t> temperature_c;
  std::optional<std::uint32_t> utilisation_percent;  // share of the driver's last sample in which a kernel ran
  std::optional<std::uint64_t> clock_reasons;        // bits: why the clocks are not at their highest
};

// Of clock_reasons, those that hold back a GPU that has work (nvmlClocksEventReason… of the NVML API).
namespace clock_reason {
inline constexpr std::uint64_t power = 0x04 | 0x80;           // power cap, power brake
inline constexpr std::uint64_t thermal = 0x20 | 0x40;         // software and hardware thermal slowdown
inline constexpr std::uint64_t any = power | thermal | 0x08;  // and the hardware's slowdown of any cause
}  // namespace clock_reason

// Something that a sampler can look at: a GPU, or a test's.
class GpuSource {
 public:
  virtual ~GpuSource() = default;
  // Takes up to some milliseconds. Never throws: what fails is missing.
  virtual GpuReading read() = 0;
};

class NvmlDevice : public GpuSource {
 public:
  // Null where there is no such library or device: `why_not` says so in one line.
  // `device`: a PCI bus id ("0000:1b:00.0", cudaDeviceGetPCIBusId) or a UUID ("GPU-…"), since CUDA's and NVML's numbers
  // of a device differ under CUDA_VISIBLE_DEVICES.
  static std::unique_ptr<NvmlDevice> open(const std::string& device, std::string& why_not,
                                          const std::string& library = "libnvidia-ml.so.1");
  ~NvmlDevice() override;

  GpuReading read() override;
  [[nodiscard]] const std::string& name() const { return name_; }
  // What this GPU or its driver does not tell, and why: "energy (Not Supported)".
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }

 private:
  struct Api;
  NvmlDevice(std::unique_ptr<Api> api, void* handle);

  std::unique_ptr<Api> api_;
  void* handle_;
  std::string name_;
  std::vector<std::string> missing_;
};

}  // namespace foldperf::gpu
