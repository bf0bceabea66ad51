// Ranges that follow no convention (plain torch.cuda.nvtx ranges, other libraries' domains): time by name, and the
// tree of who contains whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/ranges.hpp"

namespace foldperf::analysis {

struct NameTime {
  std::string name;  // names that differ in their digits only are one, "step #", where there are many of them
  std::int64_t count = 0;
  std::int64_t total_ns = 0;  // with the ranges inside; a range inside one of the same name counts once
  std::int64_t self_ns = 0;
  double median_ns = 0;  // of single ranges' durations
  double p90_ns = 0;
};

struct CallNode {
  std::string name;
  std::size_t parent = SIZE_MAX;
  std::vector<std::size_t> children;  // by total time, largest first
  std::int64_t count = 0;
  std::int64_t total_ns = 0;  // self time of this node and all below
  std::int64_t self_ns = 0;
};

struct CallTree {
  std::vector<NameTime> names;  // by self time, largest first
  std::vector<CallNode> nodes;  // node 0 is the root, over all threads and ranks; empty without ranges
  std::int64_t self_ns = 0;     // time that any of the ranges covers, summed over threads
  bool cut = false;             // the tree grew past node_limit: deeper ranges count as their parent's self time
};

// How many names that differ only in digits stay apart.
inline constexpr std::size_t digit_variants_kept = 8;
inline constexpr std::size_t node_limit = 50000;

CallTree analyze_call_tree(const RangeSet& set);

}  // namespace foldperf::analysis
