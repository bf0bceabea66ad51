// Why a rank comes late: what it did since the meeting before, beside what the ranks did that waited for it.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "core/imbalance/waits.hpp"

namespace foldperf::imbalance {

enum class Cause { loader, garbage_collection, busy_neighbour, gpu_clock, more_work, unknown };
std::string_view name_of(Cause cause);

struct Span {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

struct Sample {
  std::int64_t at_ns = 0;
  double value = 0;
};

// What is known of one rank's time. Spans and samples by time; spans of one kind do not overlap.
struct RankTime {
  std::vector<Span> data_waits;
  std::vector<Span> collections;        // of garbage
  std::vector<Sample> others_on_cores;  // share of its cores that other processes took, 0 to 1
  std::vector<Sample> gpu_clock_mhz;
  std::vector<Span> steps;  // and the time of its kernels in each, collectives' own left out
  std::vector<std::int64_t> step_work_ns;
};

struct Finding {
  Cause cause = Cause::unknown;
  // What speaks for it: nanoseconds more than the others' (loader, garbage collection, work), share of the cores
  // (neighbour) or of the others' clock (gpu_clock); 0 where unknown.
  double evidence = 0;
};

// Of the meeting's last rank. The first cause that explains at least half of the longest wait, in the order: loader,
// garbage collection, more work; else a neighbour that takes 0.2 more of the cores than of the others' (median), or a
// clock under 0.9 of theirs; else unknown.
Finding cause_of(const Meeting& meeting, const std::map<int, RankTime>& ranks);

}  // namespace foldperf::imbalance
