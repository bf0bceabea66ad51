// How much ranks wait for one another in collectives, for whom, and why. Definitions: docs/imbalance.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/imbalance/causes.hpp"
#include "core/imbalance/waits.hpp"

namespace foldperf::database {
class RunReader;
}

namespace foldperf::imbalance {

// A rank that others waited for.
struct Straggler {
  int rank = 0;
  std::int64_t times = 0;                  // meetings it came last to, with somebody waiting
  std::int64_t caused_ns = 0;              // what all others waited for it
  double share = 0;                        // of all waits of the run
  std::map<Cause, std::int64_t> by_cause;  // of caused_ns
  Finding mostly;                          // the cause with the most of it; evidence: its mean over those meetings
};

// What one rank waited for another within one step.
struct StepWait {
  std::optional<std::int64_t> step;  // of the rank that waited; empty: in no step
  int rank = 0;
  int waited_for = 0;
  std::int64_t waited_ns = 0;
};

struct RankWait {
  int rank = 0;
  std::int64_t waited_ns = 0;
};

struct Imbalance {
  std::int64_t meetings = 0;
  std::int64_t alone = 0;  // collectives of which the run holds one rank only
  std::int64_t waited_ns = 0;
  std::vector<RankWait> by_rank;      // by rank
  std::vector<Straggler> stragglers;  // most waits first
  std::vector<StepWait> by_step;      // by step, rank, whom
};

// Of collectives that ranks call together; point-to-point is left out. Memory: about 150 bytes a call.
Imbalance analyze_imbalance(const database::RunReader& reader);

}  // namespace foldperf::imbalance
