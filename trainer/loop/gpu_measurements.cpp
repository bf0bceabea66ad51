#include "trainer/loop/gpu_measurements.hpp"

#include <ATen/cuda/CUDAContext.h>

#include <array>
#include <cstdio>

namespace foldperf::trainer {

std::string pci_bus_id(at::Device device) {
  const cudaDeviceProp* properties = at::cuda::getDeviceProperties(device.index());
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.0", static_cast<unsigned>(properties->pciDomainID),
                static_cast<unsigned>(properties->pciBusID), static_cast<unsigned>(properties->pciDeviceID));
  return text.data();
}

std::unique_ptr<telemetry::GpuSampler> measure_gpu(at::Device device,
                                                   const std::function<void(const std::string&)>& note) {
  if (!device.is_cuda()) return nullptr;
  std::string why_not;
  auto source = gpu::NvmlDevice::open(pci_bus_id(device), why_not);
  if (source == nullptr) {
    note("no energy and clocks of the GPU in the metrics: " + why_not);
    return nullptr;
  }
  std::string missing;
  for (const std::string& what : source->missing()) missing += (missing.empty() ? "" : ", ") + what;
  if (!missing.empty()) note("the GPU does not tell its " + missing);
  return std::make_unique<telemetry::GpuSampler>(std::move(source));
}

}  // namespace foldperf::trainer
