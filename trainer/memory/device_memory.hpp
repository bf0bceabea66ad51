// How much memory of a device was in use at most, by phase of a step: from the statistics of LibTorch's caching
// allocator, whichever device it is for. Reading them is a matter of the host alone and does not wait for the device.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace foldperf::trainer {

struct DeviceCapacity {
  double free_gib = 0;  // not taken by this or another process
  double total_gib = 0;
};

// Does nothing on a device without such an allocator (the CPU). Not thread-safe.
class DeviceMemory {
 public:
  explicit DeviceMemory(c10::Device device);

  // What is allocated from now on counts for `phase`, until the next call. A phase that comes again goes on.
  void begin_phase(std::string_view phase);
  // Ends the phase in force.
  void end_phase();

  // By phase since the last clear(), GiB: the most that tensors held at once, what was there before included. Ends the
  // phase in force.
  [[nodiscard]] std::map<std::string, double> peaks_gib();
  void clear();

  // What the allocator has taken from the device now, and the most since this object was made: fragments, and the
  // pools of captured graphs, are in it.
  [[nodiscard]] double reserved_gib() const;
  [[nodiscard]] double peak_reserved_gib();

  [[nodiscard]] bool counts() const { return counts_; }
  // Nothing where the device cannot tell.
  [[nodiscard]] static std::optional<DeviceCapacity> capacity(c10::Device device);

 private:
  c10::Device device_;
  bool counts_;
  std::string phase_;
  std::map<std::string, double> peaks_;
  double peak_reserved_ = 0;
};

// The phase that some DeviceMemory of this process is in, or was in last: what an error of memory names.
[[nodiscard]] std::string last_memory_phase();
void set_last_memory_phase(std::string_view phase);

}  // namespace foldperf::trainer
