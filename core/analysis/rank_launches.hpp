// The calls of CUDA of one rank: where a kernel finds the one that launched it, and the ranges open at that moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "core/analysis/launch_stacks.hpp"

namespace foldperf::analysis {

struct Launch {
  std::int64_t correlation = 0;
  std::int64_t start = 0;  // ns
  std::int64_t stack = 0;  // id of range_stacks; 0: no range was open
};

// 28 bytes a call; those beyond 2^32 are left out.
class RankLaunches {
 public:
  void add(std::int64_t correlation, std::int64_t start, std::int64_t global_tid);

  // Sets the launches' stacks. ranges: by thread; sorted here.
  void find_stacks(std::map<std::int64_t, std::vector<OpenRange>>& ranges, StackNumbers& numbers);

  // The call of that correlation, the last one if two have it; nullptr: none. After find_stacks.
  [[nodiscard]] const Launch* find(std::int64_t correlation) const;
  [[nodiscard]] bool empty() const { return launches_.empty(); }

 private:
  std::vector<Launch> launches_;
  std::map<std::int64_t, std::vector<std::uint32_t>> by_thread_;  // places in launches_
  mutable std::size_t last_ = 0;                                  // kernels ask in nearly the order of their launches
};

}  // namespace foldperf::analysis
