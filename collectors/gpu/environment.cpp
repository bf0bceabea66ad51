#include "collectors/gpu/environment.hpp"

#include <algorithm>
#include <utility>

#include "collectors/clock.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t sample_interval_ns = second_ns;
// The driver is asked which GPUs the process works on: often until there is one, seldom later.
constexpr std::int64_t first_look_interval_ns = second_ns;
constexpr std::int64_t look_interval_ns = 10 * second_ns;

std::optional<std::int64_t> wide(const auto& value) {
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

}  // namespace

GpuEnvironment::GpuEnvironment(Devices devices, Open open)
    : devices_(devices ? std::move(devices) : [] { return active_devices(); }),
      open_(open ? std::move(open) : [](const std::string& pci_bus_id, std::string& why_not) {
        return std::unique_ptr<gpu::GpuSource>(gpu::NvmlDevice::open(pci_bus_id, why_not));
      }) {}

void GpuEnvironment::drain(database::RunWriter& writer, const TimeBase& time) noexcept try {
  const std::int64_t now_ns = monotonic_ns();
  if (now_ns < next_sample_ns_) return;
  next_sample_ns_ = now_ns + sample_interval_ns;
  if (now_ns >= next_look_ns_) look_for_devices(writer, now_ns);
  sample(writer, time, now_ns);
} catch (...) {
  // No memory: this second is not told of.
}

void GpuEnvironment::look_for_devices(database::RunWriter& writer, std::int64_t now_ns) {
  for (ActiveDevice& device : devices_()) {
    const auto is_this = [&](const Watched& watched) { return watched.device.device == device.device; };
    if (std::any_of(watched_.begin(), watched_.end(), is_this)) continue;
    std::string why_not;
    auto source = open_(device.pci_bus_id, why_not);
    const std::string detail =
        "GPU " + std::to_string(device.device) + ", " + device.pci_bus_id + (source ? "" : ": " + why_not);
    writer.add(records::CollectorRecord{"gpu environment", source ? "on" : "failed", detail});
    watched_.push_back({std::move(device), std::move(source)});
  }
  next_look_ns_ = now_ns + (watched_.empty() ? first_look_interval_ns : look_interval_ns);
}

void GpuEnvironment::sample(database::RunWriter& writer, const TimeBase& time, std::int64_t now_ns) {
  for (const Watched& watched : watched_) {
    if (!watched.source) continue;
    const gpu::GpuReading reading = watched.source->read();
    records::EnvironmentRecord record;
    record.at_ns = time.from_mono(now_ns);
    record.device_id = watched.device.device;
    record.sm_clock_mhz = wide(reading.sm_clock_mhz);
    record.memory_clock_mhz = wide(reading.memory_clock_mhz);
    record.throttle_reasons = wide(reading.clock_reasons);
    record.power_mw = wide(reading.power_mw);
    record.temperature_c = wide(reading.temperature_c);
    writer.add(record);
  }
}

void GpuEnvironment::close(database::RunWriter& /*writer*/, const TimeBase& /*time*/) noexcept {
  // NVML is not shut down: the program may be in the destructors of its own libraries.
  for (Watched& watched : watched_) static_cast<void>(watched.source.release());
  watched_.clear();
}

void GpuEnvironment::after_fork_in_child() noexcept {
  // The parent's NVML has no driver connection here.
  for (Watched& watched : watched_) static_cast<void>(watched.source.release());
  watched_.clear();
  next_sample_ns_ = next_look_ns_ = 0;
}

}  // namespace foldperf::collectors
