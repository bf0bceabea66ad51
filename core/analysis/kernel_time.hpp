// GPU time by kernel, and of CUDA graphs' kernels by the module whose range was open when their node was captured.
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
  double share = 0;  // of all kernels' time, or of all graph kernels'
};

struct KernelAnalysis {
  std::vector<KernelTime> kernels;  // longest first
  std::vector<KernelTime> modules;  // of graphs' kernels, longest first
  double total_ns = 0;              // kernels that ran at once count each
};

KernelAnalysis analyze_kernels(const database::RunReader& reader);

}  // namespace foldperf::analysis
