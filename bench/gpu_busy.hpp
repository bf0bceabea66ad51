// What a GPU did during a piece of work, by PyTorch's own profiler (Kineto).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace foldperf::bench {

struct KernelSum {
  std::string name;
  std::int64_t count = 0;
  double ms = 0;
};

struct GpuActivity {
  std::int64_t kernels = 0;        // kernels, copies and sets
  double busy_ms = 0;              // length of the union of their intervals
  double span_ms = 0;              // from the first one's start to the last one's end
  std::vector<KernelSum> by_name;  // longest first
};

// Runs `work` under the profiler; the device is idle before and after.
GpuActivity record_gpu(const std::function<void()>& work);

}  // namespace foldperf::bench
