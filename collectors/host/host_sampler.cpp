#include "collectors/host/host_sampler.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "collectors/clock.hpp"

namespace foldperf::collectors {
namespace {

// A reading of /proc/stat that takes longer is done in every fifth round only.
constexpr std::int64_t dear_ns = 50'000;
constexpr std::int64_t permille = 1000;

std::int64_t ns_of(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

ProcessUsage own_usage() {
  ProcessUsage usage;
  timespec time{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0) usage.cpu_ns = ns_of(time);
  rusage resources{};
  if (getrusage(RUSAGE_SELF, &resources) == 0) {
    usage.voluntary_switches = resources.ru_nvcsw;
    usage.involuntary_switches = resources.ru_nivcsw;
  }
  return usage;
}

// Ascending. Empty: not told.
std::vector<std::int64_t> affinity_mask() {
  std::vector<std::int64_t> cores;
  // The mask of a machine with more cores than cpu_set_t holds needs more room; the kernel says so by an error.
  for (std::size_t count = CPU_SETSIZE; count <= (std::size_t{1} << 16); count *= 4) {
    std::vector<unsigned long> bits(count / (8 * sizeof(unsigned long)));
    auto* set = reinterpret_cast<cpu_set_t*>(bits.data());
    const std::size_t bytes = bits.size() * sizeof(unsigned long);
    if (sched_getaffinity(getpid(), bytes, set) != 0) continue;
    for (std::size_t core = 0; core < count; ++core) {
      if (CPU_ISSET_S(core, bytes, set)) cores.push_back(static_cast<std::int64_t>(core));
    }
    break;
  }
  return cores;
}

const CoreTicks* find(const std::vector<CoreTicks>& ticks, std::int64_t core) {
  for (const CoreTicks& one : ticks) {
    if (one.core == core) return &one;
  }
  return nullptr;
}

std::int64_t share(std::int64_t part, std::int64_t whole) {
  return std::clamp<std::int64_t>(part * permille / whole, 0, permille);
}

}  // namespace

HostSampler::HostSampler(std::string proc_folder, std::vector<std::int64_t> cores)
    : mask_given_(!cores.empty()),
      mask_(std::move(cores)),
      stat_(proc_folder + "/stat"),
      load_(proc_folder + "/loadavg"),
      memory_(proc_folder + "/meminfo"),
      resident_(proc_folder + "/self/statm"),
      pressure_cpu_{ProcFile(proc_folder + "/pressure/cpu")},
      pressure_io_{ProcFile(proc_folder + "/pressure/io")},
      pressure_memory_{ProcFile(proc_folder + "/pressure/memory")},
      threads_(proc_folder + "/self/task") {}

// Loader workers and the like are this process' own doing. One that ends between two samples keeps its last part.
std::int64_t HostSampler::children_used_ns() {
  std::int64_t used = 0;
  for (auto& [pid, before] : child_used_ns_) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 || clock_gettime(clock, &time) != 0) continue;
    if (before >= 0) used += std::max<std::int64_t>(0, ns_of(time) - before);
    before = ns_of(time);
  }
  return used;
}

void HostSampler::read_cores(std::int64_t now_ns, std::int64_t used_ns) {
  const std::int64_t before_ns = monotonic_ns();
  ticks_before_.swap(ticks_);
  read_core_ticks(stat_.read(buffer_), ticks_);
  stat_cost_ns_ = monotonic_ns() - before_ns;
  const std::int64_t used = used_ns - used_at_ticks_ns_;
  const std::int64_t passed_ns = now_ns - ticks_at_ns_;
  const bool first = ticks_before_.empty();
  used_at_ticks_ns_ = used_ns;
  ticks_at_ns_ = now_ns;
  if (first || ticks_.empty() || passed_ns <= 0) return;

  std::int64_t busy = 0, total = 0, our_busy = 0, our_total = 0;
  for (const CoreTicks& now : ticks_) {
    const CoreTicks* before = find(ticks_before_, now.core);
    if (before == nullptr) continue;
    const std::int64_t busy_now = std::max<std::int64_t>(0, now.busy - before->busy);
    const std::int64_t total_now = std::max<std::int64_t>(0, now.total - before->total);
    busy += busy_now;
    total += total_now;
    if (!std::binary_search(mask_.begin(), mask_.end(), now.core)) continue;
    our_busy += busy_now;
    our_total += total_now;
  }
  if (total > 0) sample_.host.system_cpu_permille = share(busy, total);
  if (our_total > 0) {
    const auto cores = static_cast<std::int64_t>(mask_.size());
    const std::int64_t used_permille = used * permille / (passed_ns * cores);
    sample_.host.others_on_our_cores_permille =
        std::clamp<std::int64_t>(our_busy * permille / our_total - used_permille, 0, permille);
  }
}

void HostSampler::read_pressures(std::int64_t now_ns) {
  const auto read = [&](Pressure& pressure, std::optional<std::int64_t>& column) {
    const auto total = read_pressure_total_us(pressure.file.read(buffer_));
    if (!total) return;
    // The kernel adds up every two seconds only: a rate is over the time since the number moved last.
    constexpr std::int64_t long_ns = 4'000'000'000;
    const std::int64_t passed_ns = now_ns - pressure.since_ns;
    if (pressure.total_us >= 0 && (*total == pressure.total_us) && passed_ns < long_ns) return;
    if (pressure.total_us >= 0 && passed_ns > 0) {
      column = share((*total - pressure.total_us) * 1000, passed_ns);
    }
    pressure.total_us = *total;
    pressure.since_ns = now_ns;
  };
  read(pressure_cpu_, sample_.host.pressure_cpu_permille);
  read(pressure_io_, sample_.host.pressure_io_permille);
  read(pressure_memory_, sample_.host.pressure_memory_permille);
}

void HostSampler::read_slow() {
  static const std::int64_t page_bytes = sysconf(_SC_PAGESIZE);
  sample_.host.page_cache_bytes = read_page_cache_bytes(memory_.read(buffer_));
  if (const auto pages = read_resident_pages(resident_.read(buffer_))) sample_.host.rss_bytes = *pages * page_bytes;
}

const HostSampler::Sample& HostSampler::sample(std::int64_t now_ns) {
  sample_.host = {};
  sample_.cores.clear();
  sample_.host.at_ns = now_ns;
  if (!mask_given_ && round_ % rounds_a_cycle == 0) mask_ = affinity_mask();

  const ProcessUsage usage = own_usage();
  sample_.host.process_cpu_ns = usage.cpu_ns;
  sample_.host.voluntary_switches = usage.voluntary_switches;
  sample_.host.involuntary_switches = usage.involuntary_switches;
  all_used_ns_ += usage.cpu_ns - own_used_ns_ + children_used_ns();
  own_used_ns_ = usage.cpu_ns;

  sample_.host.run_queue = read_run_queue(load_.read(buffer_));
  const bool tell_cores = round_ % cores_every == 0;
  const bool cores_read = tell_cores || stat_cost_ns_ <= dear_ns;
  if (cores_read) read_cores(now_ns, all_used_ns_);
  // Not all in one round.
  if (round_ % rounds_a_cycle == 1) read_slow();
  if (round_ % rounds_a_cycle == 2) read_pressures(now_ns);

  if (threads_.advance(rounds_a_cycle, buffer_)) {
    cycle_ns_ = now_ns - cycle_end_ns_;
    cycle_end_ns_ = now_ns;
    std::unordered_map<std::int64_t, std::int64_t> living;
    for (const std::int64_t pid : threads_.children()) {
      const auto found = child_used_ns_.find(pid);
      living[pid] = found == child_used_ns_.end() ? -1 : found->second;
    }
    child_used_ns_.swap(living);
  }

  if (tell_cores) {
    static const std::int64_t ticks_a_second = sysconf(_SC_CLK_TCK);
    for (const CoreTicks& now : ticks_) {
      if (!std::binary_search(mask_.begin(), mask_.end(), now.core)) continue;
      const CoreTicks* before = find(ticks_told_, now.core);
      if (before == nullptr || now.total <= before->total) continue;
      records::HostCoreRecord row;
      row.at_ns = now_ns;
      row.core = now.core;
      row.busy_permille = share(now.busy - before->busy, now.total - before->total);
      if (round_ % rounds_a_cycle == 0 && threads_.known() && cycle_ns_ > 0) {
        const auto found = threads_.ticks().find(now.core);
        row.ours_permille =
            found == threads_.ticks().end() ? 0 : share(found->second * 1'000'000'000 / ticks_a_second, cycle_ns_);
      }
      sample_.cores.push_back(row);
    }
    ticks_told_ = ticks_;
  }
  ++round_;
  return sample_;
}

void HostSampler::forget() {
  for (ProcFile* file :
       {&stat_, &load_, &memory_, &resident_, &pressure_cpu_.file, &pressure_io_.file, &pressure_memory_.file}) {
    file->forget();
  }
  for (Pressure* pressure : {&pressure_cpu_, &pressure_io_, &pressure_memory_}) pressure->total_us = -1;
  threads_.forget();
  cycle_end_ns_ = cycle_ns_ = 0;
  child_used_ns_.clear();
  ticks_.clear();
  ticks_before_.clear();
  ticks_told_.clear();
  round_ = 0;
  stat_cost_ns_ = 0;
  own_used_ns_ = all_used_ns_ = used_at_ticks_ns_ = ticks_at_ns_ = 0;
}

}  // namespace foldperf::collectors
