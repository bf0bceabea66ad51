#include "bench/gpu_busy.hpp"

#include <torch/csrc/autograd/profiler_kineto.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace foldperf::bench {

GpuActivity record_gpu(const std::function<void()>& work) {
  using namespace torch::autograd::profiler;
  using torch::profiler::impl::ActivityType;
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  const std::set<ActivityType> activities{ActivityType::CUDA};
  torch::cuda::synchronize();
  prepareProfiler(config, activities);
  enableProfiler(config, activities);
  work();
  torch::cuda::synchronize();
  const auto result = disableProfiler();

  GpuActivity activity;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> intervals;
  std::map<std::string, KernelSum> by_name;
  for (const KinetoEvent& event : result->events()) {
    if (event.deviceType() != c10::DeviceType::CUDA || event.durationNs() == 0) continue;
    const std::string name = event.name();
    if (name.find("Synchronize") != std::string::npos || name.find("Event") == 0) continue;  // no work
    intervals.emplace_back(event.startNs(), event.endNs());
    KernelSum& sum = by_name[name];
    sum.name = name;
    ++sum.count;
    sum.ms += static_cast<double>(event.durationNs()) / 1e6;
  }
  std::sort(intervals.begin(), intervals.end());
  activity.kernels = static_cast<std::int64_t>(intervals.size());
  std::uint64_t reached = 0, busy = 0;
  for (const auto& [start, end] : intervals) {
    busy += end > reached ? end - std::max(start, reached) : 0;
    reached = std::max(reached, end);
  }
  activity.busy_ms = static_cast<double>(busy) / 1e6;
  if (!intervals.empty()) activity.span_ms = static_cast<double>(reached - intervals.front().first) / 1e6;
  for (auto& [name, sum] : by_name) activity.by_name.push_back(std::move(sum));
  std::sort(activity.by_name.begin(), activity.by_name.end(),
            [](const KernelSum& a, const KernelSum& b) { return a.ms > b.ms; });
  return activity;
}

}  // namespace foldperf::bench
