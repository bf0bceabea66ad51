#include "collectors/counters/counter_sampling.hpp"

#include <utility>

#include "collectors/clock.hpp"
#include "collectors/session/session.hpp"
#include "core/records/records.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int64_t look_interval_ns = 1'000'000'000;

void tell(database::RunWriter& writer, const char* state, const std::string& detail) {
  writer.add(records::CollectorRecord{"counters", state, detail});
}

}  // namespace

const std::vector<std::string>& default_metrics() {
  static const std::vector<std::string> metrics{
      "dram__read_throughput.avg.pct_of_peak_sustained_elapsed",
      "dram__write_throughput.avg.pct_of_peak_sustained_elapsed",
      "sm__cycles_active.avg.pct_of_peak_sustained_elapsed",
      "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed",
      "sm__inst_executed_realtime.avg.pct_of_peak_sustained_elapsed",
      "gr__cycles_active.avg.pct_of_peak_sustained_elapsed",
      "pcie__read_bytes.sum.per_second",
      "pcie__write_bytes.sum.per_second",
      "nvlrx__bytes.sum.per_second",
      "nvltx__bytes.sum.per_second",
  };
  return metrics;
}

CounterSampling::CounterSampling(CounterSettings settings, void* (*library)(), FindDevices devices)
    : settings_(std::move(settings)), library_(library), devices_(devices) {}

void CounterSampling::drain(database::RunWriter& writer, const TimeBase& time) noexcept try {
  const bool recording = Session::instance().recording();
  if (sampled_.empty()) {
    if (given_up_ || !recording || !begin(writer, time)) return;
  }
  for (Sampled& sampled : sampled_) {
    read(sampled, writer, time);
    if (!recording) end(sampled, writer, time, "done");
  }
  if (!recording) sampled_.clear();
} catch (...) {
  given_up_ = true;  // no memory
}

// True once at least one GPU is sampled.
bool CounterSampling::begin(database::RunWriter& writer, const TimeBase& time) {
  const std::int64_t now_ns = monotonic_ns();
  if (now_ns < next_look_ns_) return false;
  next_look_ns_ = now_ns + look_interval_ns;
  const std::vector<ActiveDevice> devices = devices_();
  if (devices.empty()) return false;
  if (!loaded_) {
    void* const library = library_();
    const std::string missing = library != nullptr ? api_.load(library) : "no CUPTI in this process";
    if (!missing.empty()) {
      given_up_ = true;
      tell(writer, "failed", library != nullptr ? "this CUPTI has no PM sampling (" + missing + ")" : missing);
      return false;
    }
    loaded_ = true;
  }
  std::string why_not;
  PmSampler::Metrics metrics{settings_.metrics};
  if (metrics.names.empty()) metrics = {default_metrics(), true};
  for (const ActiveDevice& device : devices) {
    auto sampler =
        PmSampler::open(api_, static_cast<std::size_t>(device.device), metrics, settings_.interval_ns, why_not);
    if (!sampler) continue;
    sampled_.push_back({device.device, std::move(sampler), time.from_mono(monotonic_ns()), 0});
  }
  if (sampled_.empty()) {
    given_up_ = true;
    tell(writer, "failed", why_not);
    return false;
  }
  const PmSampler& first = *sampled_.front().sampler;
  if (!first.left_out().empty()) {
    why_not += (why_not.empty() ? "" : "; ") +
               ("left out, since one pass has no room for them or the GPU lacks them: " + first.left_out()[0]);
    for (std::size_t i = 1; i < first.left_out().size(); ++i) why_not += ", " + first.left_out()[i];
  }
  tell(writer, "on",
       std::to_string(first.metrics().size()) + " metrics of " + std::to_string(sampled_.size()) + " GPU(s), every " +
           std::to_string(settings_.interval_ns) + " ns" + (why_not.empty() ? "" : "; " + why_not));
  return true;
}

void CounterSampling::read(Sampled& sampled, database::RunWriter& writer, const TimeBase& time) {
  const std::vector<std::string>& metrics = sampled.sampler->metrics();
  sampled.sampler->read([&](const CounterSample& sample) {
    records::CounterSampleRecord record;
    record.at_ns = time.from_utc(sample.end_ns);
    record.device_id = sampled.device;
    for (std::size_t metric = 0; metric < metrics.size(); ++metric) {
      record.metric = metrics[metric];
      record.value = (*sample.values)[metric];
      writer.add(record);
    }
  });
  const std::uint64_t overflows = sampled.sampler->overflows();
  if (overflows > sampled.overflows_told) {
    writer.count_dropped(records::Kind::counter_sample, "the GPU's buffer of samples ran over",
                         overflows - sampled.overflows_told);
    sampled.overflows_told = overflows;
  }
  if (!sampled.sampler->failure().empty() && !given_up_) {
    given_up_ = true;
    tell(writer, "failed", sampled.sampler->failure());
  }
}

void CounterSampling::end(Sampled& sampled, database::RunWriter& writer, const TimeBase& time,
                          const std::string& state) {
  records::CounterWindowRecord record;
  record.start_ns = sampled.begin_ns;
  record.end_ns = time.from_mono(monotonic_ns());
  record.interval_ns = settings_.interval_ns;
  record.state = sampled.sampler->failure().empty() ? state : sampled.sampler->failure();
  writer.add(record);
}

void CounterSampling::close(database::RunWriter& writer, const TimeBase& time) noexcept try {
  for (Sampled& sampled : sampled_) {
    read(sampled, writer, time);
    end(sampled, writer, time, "done");
    static_cast<void>(sampled.sampler.release());  // CUDA may be gone: nothing is asked of it any more
  }
  sampled_.clear();
  given_up_ = true;
} catch (...) {
}

void CounterSampling::after_fork_in_child() noexcept {
  for (Sampled& sampled : sampled_) static_cast<void>(sampled.sampler.release());
  sampled_.clear();
  given_up_ = true;  // CUDA does not work in the child
}

}  // namespace foldperf::collectors
