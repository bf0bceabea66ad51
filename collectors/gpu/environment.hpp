// Clocks, power, temperature and throttle reasons of the GPUs that this process works on, once a second, by NVML: what
// CUPTI's own environment records are for, which virtual machines refuse.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collectors/gpu/active_devices.hpp"
#include "collectors/session/source.hpp"
#include "core/gpu/nvml.hpp"

namespace foldperf::collectors {

class GpuEnvironment final : public Source {
 public:
  using Devices = std::function<std::vector<ActiveDevice>()>;
  using Open = std::function<std::unique_ptr<gpu::GpuSource>(const std::string& pci_bus_id, std::string& why_not)>;
  // Both are asked on the collector's thread. Tests give their own.
  explicit GpuEnvironment(Devices devices = {}, Open open = {});

  void drain(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void close(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void after_fork_in_child() noexcept override;

 private:
  struct Watched {
    ActiveDevice device;
    std::unique_ptr<gpu::GpuSource> source;  // null: NVML does not tell of it
  };
  void look_for_devices(database::RunWriter& writer, std::int64_t now_ns);
  void sample(database::RunWriter& writer, const TimeBase& time, std::int64_t now_ns);

  Devices devices_;
  Open open_;
  std::vector<Watched> watched_;
  std::int64_t next_sample_ns_ = 0;
  std::int64_t next_look_ns_ = 0;
};

}  // namespace foldperf::collectors
