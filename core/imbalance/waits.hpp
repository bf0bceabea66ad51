// Who waits for whom: ranks meet in a collective, the last one to arrive makes all others wait.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foldperf::imbalance {

// One rank's call of one collective. Ranks meet where communicator, operation, sequence number and replay agree.
struct Call {
  std::int64_t communicator = 0;
  std::string operation;
  std::int64_t sequence = 0;
  std::int64_t replay = 0;
  int rank = 0;
  std::int64_t arrival_ns = 0;  // on the run's clock, which clocks of machines have been aligned to
};

struct Arrival {
  int rank = 0;
  std::int64_t arrival_ns = 0;
  std::int64_t waited_ns = 0;  // until the last rank came
  // When this rank came to the meeting before, of any communicator; empty at its first.
  std::optional<std::int64_t> previous_ns;
};

// A collective that two ranks or more came to.
struct Meeting {
  std::int64_t communicator = 0;
  std::string operation;
  std::int64_t sequence = 0;
  std::int64_t replay = 0;
  std::vector<Arrival> arrivals;  // by rank
  int last_rank = 0;              // of those that came at the same time, the lowest
  std::int64_t waited_ns = 0;     // of all ranks together
};

struct Meetings {
  std::vector<Meeting> meetings;  // by the last arrival
  std::int64_t alone = 0;         // calls whose other ranks are not in the run
};

// A rank that is in a collective twice (a file that is wrong) counts with its first call.
Meetings meetings_of(std::vector<Call> calls);

}  // namespace foldperf::imbalance
