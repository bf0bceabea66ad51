// GPU time by kernel, and by the module whose range was open at the launch, or when a graph's node was captured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::database {
class RunReader;
}

namespace foldperf::analysis {

struct KernelTime {
  std::string name;  // of a kernel or a module; a module's is empty where no range is known
  std::int64_t count = 0;
  double total_ns = 0;
  double share = 0;  // of all kernels' time
};

struct KernelAnalysis {
  std::vector<KernelTime> kernels;  // longest first
  std::vector<KernelTime> modules;  // longest first; empty where no kernel's range is known
  double total_ns = 0;              // kernels that ran at once count each
};

KernelAnalysis analyze_kernels(const database::RunReader& reader);

}  // namespace foldperf::analysis
