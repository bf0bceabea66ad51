// Energy, power and clocks of a GPU a step, at no cost to the step: a thread of its own looks at the GPU about ten
// times a second, and a step only takes what has been summed up since the last one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/gpu/nvml.hpp"

namespace foldperf::trainer::telemetry {

// Sums over readings between two takes. Time is given, in ns of any steady clock: this class has none, nor a thread.
class GpuAccumulator {
 public:
  void add(const gpu::GpuReading& reading, std::int64_t time_ns);

  // Of the time since the last take (the first: since the first reading), by name; a value that the GPU does not tell
  // is left out. energy_j: from the energy counter, else power over time; between readings it goes on at the last
  // power, so that the energies of steps shorter than the readings' distance sum up right. The others are means of the
  // readings since then, of the last one where there was none: power_w, sm_clock_mhz, memory_clock_mhz, temperature_c,
  // utilisation_percent, and shares of readings in which the clocks were held back: throttled_share,
  // throttled_power_share, throttled_thermal_share.
  std::map<std::string, double> take(std::int64_t time_ns);

 private:
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
  };
  void sum_energy(const gpu::GpuReading& reading, std::int64_t time_ns);

  std::map<std::string, Mean> means_;
  std::map<std::string, double> last_;
  std::optional<std::uint64_t> counter_mj_;
  bool counts_energy_ = false;  // there is a counter, or power to sum up
  double energy_j_ = 0;         // since the first reading
  double taken_j_ = 0;          // of it, handed out
  double power_w_ = 0;          // of the last reading
  std::int64_t last_ns_ = -1;
};

class GpuSampler {
 public:
  explicit GpuSampler(std::unique_ptr<gpu::GpuSource> source,
                      std::chrono::milliseconds interval = std::chrono::milliseconds(100));
  GpuSampler(const GpuSampler&) = delete;
  GpuSampler& operator=(const GpuSampler&) = delete;
  ~GpuSampler();

  // GpuAccumulator::take now. Any thread; waits for no reading.
  std::map<std::string, double> take();

 private:
  void run(std::chrono::milliseconds interval);

  std::unique_ptr<gpu::GpuSource> source_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  GpuAccumulator sums_;
  std::thread thread_;
};

}  // namespace foldperf::trainer::telemetry
