// Counters of the GPUs that this process works on (DRAM bandwidth, SM and tensor activity), by PM sampling, while
// events are recorded: a Source of the session.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collectors/counters/pm_sampler.hpp"
#include "collectors/gpu/active_devices.hpp"
#include "collectors/session/source.hpp"

namespace foldperf::collectors {

struct CounterSettings {
  std::vector<std::string> metrics;  // empty: of default_metrics() those that fit one pass
  std::int64_t interval_ns = 1'000'000;
};

// What an empty list stands for, the most telling first.
const std::vector<std::string>& default_metrics();

class CounterSampling final : public Source {
 public:
  using FindDevices = std::vector<ActiveDevice> (*)();
  // `library`: opens CUPTI, null where there is none.
  CounterSampling(
      CounterSettings settings, void* (*library)(), FindDevices devices = [] { return active_devices(); });

  void drain(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void close(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void after_fork_in_child() noexcept override;

 private:
  struct Sampled {
    std::int32_t device = 0;
    std::unique_ptr<PmSampler> sampler;
    std::int64_t begin_ns = 0;  // of the window in the file's time
    std::uint64_t overflows_told = 0;
  };
  bool begin(database::RunWriter& writer, const TimeBase& time);
  void read(Sampled& sampled, database::RunWriter& writer, const TimeBase& time);
  void end(Sampled& sampled, database::RunWriter& writer, const TimeBase& time, const std::string& state);

  CounterSettings settings_;
  void* (*library_)();
  FindDevices devices_;
  PmApi api_;
  bool loaded_ = false;
  bool given_up_ = false;
  std::int64_t next_look_ns_ = 0;
  std::vector<Sampled> sampled_;
};

}  // namespace foldperf::collectors
