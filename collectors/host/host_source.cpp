#include "collectors/host/host_source.hpp"

#include <atomic>
#include <exception>
#include <new>

#include "collectors/clock.hpp"
#include "collectors/host/host_sampler.hpp"
#include "collectors/session/source.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int64_t interval_ns = 1'000'000'000 / HostSampler::samples_a_second;
// The session's rounds are as far apart as the samples: one that comes a little early must not wait for the next.
constexpr std::int64_t early_ns = interval_ns / 10;

class HostSource final : public Source {
 public:
  explicit HostSource(Session& session) : session_(session) {}

  void drain(database::RunWriter& writer, const TimeBase& time) noexcept override {
    const std::int64_t now = monotonic_ns();
    if (now < next_ns_ - early_ns) return;
    next_ns_ = next_ns_ + interval_ns > now ? next_ns_ + interval_ns : now + interval_ns;
    try {
      if (!told_) {
        records::CollectorRecord collector;
        collector.name = "host";
        collector.state = "on";
        collector.detail = "load of the process, its cores and its machine from /proc, 10 times a second";
        writer.add(collector);
        told_ = true;
      }
      const HostSampler::Sample& sample = sampler_.sample(now);
      if (!session_.recording()) return;
      records::HostSampleRecord host = sample.host;
      host.at_ns = time.from_mono(now);
      writer.add(host);
      for (records::HostCoreRecord core : sample.cores) {
        core.at_ns = time.from_mono(now);
        writer.add(core);
      }
    } catch (const std::exception&) {
      writer.count_dropped(records::Kind::host_sample, "no memory for a sample", 1);
    }
  }

  void close(database::RunWriter&, const TimeBase&) noexcept override {}

  void after_fork_in_child() noexcept override {
    try {
      sampler_.forget();
    } catch (const std::exception&) {
      // Nothing of it allocates.
    }
    told_ = false;
    next_ns_ = 0;
  }

 private:
  Session& session_;
  HostSampler sampler_;
  std::int64_t next_ns_ = 0;
  bool told_ = false;
};

std::atomic<bool> started{false};

}  // namespace

void start_host_sampler(Session& session, const Settings& settings) noexcept {
  if (!settings.host || started.exchange(true, std::memory_order_relaxed)) return;
  try {
    alignas(HostSource) static std::byte place[sizeof(HostSource)];  // never destroyed
    session.add_source(new (place) HostSource(session));
  } catch (const std::exception&) {
    // No memory: no samples.
  }
}

}  // namespace foldperf::collectors
