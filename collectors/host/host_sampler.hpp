// The load of this process and its machine: differences of what /proc counts, from one sample to the next.
//
// What a sample costs is bounded: descriptors are opened once, slow-moving numbers (memory, pressure, threads' cores)
// are read once a second, and where /proc/stat itself takes long (machines of very many cores) it too is read less
// often. What the machine does not tell is empty.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/host/proc_file.hpp"
#include "collectors/host/proc_text.hpp"
#include "collectors/host/thread_cores.hpp"
#include "core/records/records.hpp"

namespace foldperf::collectors {

// CPU time of this process and of its children while they live, and what the kernel did with its threads.
struct ProcessUsage {
  std::int64_t cpu_ns = 0;  // since the process began
  std::int64_t voluntary_switches = 0, involuntary_switches = 0;
};

class HostSampler {
 public:
  static constexpr int samples_a_second = 10;
  static constexpr int rounds_a_cycle = 10;  // of what is read once a second
  static constexpr int cores_every = 5;      // rounds between two tellings of each core

  struct Sample {
    records::HostSampleRecord host;
    std::vector<records::HostCoreRecord> cores;  // of our affinity mask; empty in most samples
  };

  // proc_folder: /proc, or a copy of its form. cores: those that we may run on; empty: as the system says, read once a
  // second.
  explicit HostSampler(std::string proc_folder = "/proc", std::vector<std::int64_t> cores = {});

  // now_ns: monotonic; at_ns of the records is the same. The first sample has no rates. Valid until the next call.
  const Sample& sample(std::int64_t now_ns);

  // In a forked child: another process.
  void forget();

 private:
  void read_cores(std::int64_t now_ns, std::int64_t used_ns);
  void read_pressures(std::int64_t now_ns);
  void read_slow();
  std::int64_t children_used_ns();

  struct Pressure {
    ProcFile file;
    std::int64_t total_us = -1;
    std::int64_t since_ns = 0;
  };

  bool mask_given_;
  std::vector<std::int64_t> mask_;  // ascending
  ProcFile stat_, load_, memory_, resident_;
  Pressure pressure_cpu_, pressure_io_, pressure_memory_;
  ThreadCores threads_;
  std::int64_t cycle_end_ns_ = 0, cycle_ns_ = 0;  // of threads_
  std::vector<char> buffer_;

  std::int64_t round_ = 0;
  std::int64_t stat_cost_ns_ = 0;  // of the last reading of /proc/stat
  std::int64_t own_used_ns_ = 0, all_used_ns_ = 0;
  std::vector<CoreTicks> ticks_;         // the latest reading
  std::vector<CoreTicks> ticks_before_;  // the one before
  std::vector<CoreTicks> ticks_told_;    // when the cores were told last
  std::int64_t used_at_ticks_ns_ = 0;
  std::int64_t ticks_at_ns_ = 0;
  std::unordered_map<std::int64_t, std::int64_t> child_used_ns_;  // by process
  Sample sample_;
};

}  // namespace foldperf::collectors
