#include "trainer/telemetry/gpu_sampler.hpp"

#include <algorithm>

namespace foldperf::trainer::telemetry {
namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void GpuAccumulator::sum_energy(const gpu::GpuReading& reading, std::int64_t time_ns) {
  const double power_w = reading.power_mw ? *reading.power_mw * 1e-3 : 0;
  if (reading.energy_mj) {
    // A counter that went back (driver restarted, GPU reset) starts anew.
    if (counter_mj_ && *reading.energy_mj >= *counter_mj_) {
      energy_j_ += static_cast<double>(*reading.energy_mj - *counter_mj_) * 1e-3;
    }
    counts_energy_ = true;
  } else if (reading.power_mw && !counter_mj_) {
    if (last_ns_ >= 0) energy_j_ += 0.5 * (power_w_ + power_w) * static_cast<double>(time_ns - last_ns_) * 1e-9;
    counts_energy_ = true;
  }
  if (reading.energy_mj) counter_mj_ = reading.energy_mj;
  power_w_ = power_w;
}

void GpuAccumulator::add(const gpu::GpuReading& reading, std::int64_t time_ns) {
  sum_energy(reading, time_ns);
  last_ns_ = time_ns;
  const auto add = [&](const char* name, double value) {
    Mean& mean = means_[name];
    mean.sum += value;
    ++mean.count;
    last_[name] = value;
  };
  if (reading.power_mw) add("power_w", *reading.power_mw * 1e-3);
  if (reading.sm_clock_mhz) add("sm_clock_mhz", *reading.sm_clock_mhz);
  if (reading.memory_clock_mhz) add("memory_clock_mhz", *reading.memory_clock_mhz);
  if (reading.temperature_c) add("temperature_c", *reading.temperature_c);
  if (reading.utilisation_percent) add("utilisation_percent", *reading.utilisation_percent);
  if (reading.clock_reasons) {
    const auto held_back_by = [&](std::uint64_t reasons) {
      return (*reading.clock_reasons & reasons) != 0 ? 1.0 : 0.0;
    };
    add("throttled_share", held_back_by(gpu::clock_reason::any));
    add("throttled_power_share", held_back_by(gpu::clock_reason::power));
    add("throttled_thermal_share", held_back_by(gpu::clock_reason::thermal));
  }
}

std::map<std::string, double> GpuAccumulator::take(std::int64_t time_ns) {
  std::map<std::string, double> values = last_;
  for (const auto& [name, mean] : means_) values[name] = mean.sum / static_cast<double>(mean.count);
  means_.clear();
  if (counts_energy_) {
    const double since_reading_s = static_cast<double>(std::max<std::int64_t>(time_ns - last_ns_, 0)) * 1e-9;
    // Where the power since fell, the next reading may show less than was handed out: never a step of negative energy.
    const double now_j = std::max(energy_j_ + power_w_ * since_reading_s, taken_j_);
    values["energy_j"] = now_j - taken_j_;
    taken_j_ = now_j;
  }
  return values;
}

GpuSampler::GpuSampler(std::unique_ptr<gpu::GpuSource> source, std::chrono::milliseconds interval)
    : source_(std::move(source)) {
  sums_.add(source_->read(), now_ns());
  thread_ = std::thread([this, interval] { run(interval); });
}

GpuSampler::~GpuSampler() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void GpuSampler::run(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stop_; })) {
    lock.unlock();  // the driver may take its time: a step must not wait for it
    const gpu::GpuReading reading = source_->read();
    lock.lock();
    sums_.add(reading, now_ns());
  }
}

std::map<std::string, double> GpuSampler::take() {
  const std::lock_guard lock(mutex_);
  return sums_.take(now_ns());
}

}  // namespace foldperf::trainer::telemetry
