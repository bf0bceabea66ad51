// Which CPUs threads may run on, as people write it and as the machine tells it (Linux: cpuset(7), "List format").
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// CPU numbers, ascending, each once.
using CpuList = std::vector<int>;

inline constexpr int max_cpu_number = 65535;  // beyond any machine: a number above it is a typing error

// "0-3,8" is 0, 1, 2, 3, 8. Throws UsageError saying which part of the text is wrong, and how to write it. Empty text
// is an error.
CpuList parse_cpu_list(std::string_view text);
// The other way: "0-3,8".
std::string format_cpu_list(const CpuList& cpus);

// The CPUs that the calling thread may run on now (the affinity mask that taskset, Slurm or a container gave).
// Throws SystemError.
CpuList allowed_cpus();

// The CPUs of one NUMA node. Throws UsageError, naming the nodes there are, where there is no such node.
CpuList numa_node_cpus(int node, const std::filesystem::path& nodes_folder = "/sys/devices/system/node");

// What the setting of a CPU binding means on this machine:
//   ""        no binding (empty)
//   "auto"    the CPUs of the affinity mask
//   "node:1"  those of NUMA node 1 that the affinity mask allows
//   "0-3,8"   these
// Throws UsageError where the text is wrong or names a CPU that this process may not use.
std::optional<CpuList> resolve_cpus(std::string_view text,
                                    const std::filesystem::path& nodes_folder = "/sys/devices/system/node");

// Binds the calling thread. Throws SystemError.
void bind_this_thread(const CpuList& cpus);

}  // namespace foldperf::trainer
