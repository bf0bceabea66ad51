// How a queue of samples is to behave (ready_queue.hpp), and where in its order it stands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace foldperf::trainer {

enum class Order {
  strict,       // exactly by ticket: the same for any number of workers
  ready_first,  // by ticket where that costs no waiting
};

// Which tickets have been handed out: what a checkpoint must hold to go on with exactly the others.
struct QueueProgress {
  std::int64_t next_turn = 0;       // all tickets below it were handed out
  std::vector<std::int64_t> ahead;  // and these above it, ascending; never any with Order::strict
};

struct QueueOptions {
  Order order = Order::ready_first;
  std::int64_t capacity = 64;           // samples prepared or in preparation, at most
  std::int64_t max_drift = 32;          // places before or after its turn, at most; Order::strict has 0
  std::optional<std::int64_t> tickets;  // how many there are; empty: without end
  QueueProgress done;                   // tickets not to be prepared again
  // The class under which a sample's drift is counted, e.g. its length in steps of 256 residues. Called on worker
  // threads, several at a time. Without it all samples are of class 0.
  std::function<std::int64_t(std::int64_t ticket)> cost_class;
  // What the preparation of a sample will cost, in any unit, in proportion (its length times its alignment's depth,
  // e.g.). Called under the queue's lock, once a ticket: it must be quick, and must not call the queue. Empty, or with
  // Order::strict: tickets are claimed in order.
  std::function<double(std::int64_t ticket)> expected_cost;
};

}  // namespace foldperf::trainer
