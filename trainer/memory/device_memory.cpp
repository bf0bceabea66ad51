#include "trainer/memory/device_memory.hpp"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <mutex>

namespace foldperf::trainer {

namespace {

constexpr double gib = 1024.0 * 1024.0 * 1024.0;
constexpr auto aggregate = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

// The device's caching allocator, once it is in use.
c10::DeviceAllocator* allocator_of(c10::Device device) {
  if (device.is_cpu() || device.is_meta()) return nullptr;
  return dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
}

struct LastPhase {
  std::mutex mutex;
  std::string name;
};
LastPhase& last_phase() {
  static LastPhase& phase = *new LastPhase;
  return phase;
}

}  // namespace

DeviceMemory::DeviceMemory(c10::Device device) : device_(device), counts_(allocator_of(device) != nullptr) {}

void DeviceMemory::begin_phase(std::string_view phase) {
  if (!device_.is_meta()) set_last_memory_phase(phase);  // a plan is not where memory ran out
  if (!counts_) return;
  end_phase();
  phase_ = phase;
  c10::DeviceAllocator& allocator = *allocator_of(device_);
  if (allocator.initialized()) allocator.resetPeakStats(device_.index());
}

void DeviceMemory::end_phase() {
  if (phase_.empty()) return;
  c10::DeviceAllocator& allocator = *allocator_of(device_);
  if (allocator.initialized()) {
    const auto statistics = allocator.getDeviceStats(device_.index());
    double& peak = peaks_[phase_];
    peak = std::max(peak, static_cast<double>(statistics.allocated_bytes[aggregate].peak) / gib);
    peak_reserved_ = std::max(peak_reserved_, static_cast<double>(statistics.reserved_bytes[aggregate].peak) / gib);
  }
  phase_.clear();
}

std::map<std::string, double> DeviceMemory::peaks_gib() {
  end_phase();
  return peaks_;
}

void DeviceMemory::clear() {
  end_phase();
  peaks_.clear();
}

double DeviceMemory::reserved_gib() const {
  c10::DeviceAllocator* allocator = allocator_of(device_);
  if (allocator == nullptr || !allocator->initialized()) return 0;
  return static_cast<double>(allocator->getDeviceStats(device_.index()).reserved_bytes[aggregate].current) / gib;
}

double DeviceMemory::peak_reserved_gib() {
  end_phase();
  return std::max(peak_reserved_, reserved_gib());
}

std::optional<DeviceCapacity> DeviceMemory::capacity(c10::Device device) {
  c10::DeviceAllocator* allocator = allocator_of(device);
  if (allocator == nullptr) return std::nullopt;
  const auto [free, total] = allocator->getMemoryInfo(device.index());
  return DeviceCapacity{static_cast<double>(free) / gib, static_cast<double>(total) / gib};
}

std::string last_memory_phase() {
  const std::scoped_lock lock(last_phase().mutex);
  return last_phase().name;
}

void set_last_memory_phase(std::string_view phase) {
  const std::scoped_lock lock(last_phase().mutex);
  last_phase().name = phase;
}

}  // namespace foldperf::trainer
