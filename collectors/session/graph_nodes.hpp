// The nodes of CUDA graphs and the NVTX ranges that were open where they were captured.
//
// A kernel of a replay carries the node of the executable graph, which is a clone of the captured one, made when the
// graph was instantiated: the clone has the stack of its original, whatever was open then. CUPTI tells of a clone
// twice, as a new node and then as the clone of another: the first is not recorded. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "collectors/buffer/event.hpp"
#include "collectors/session/range_stacks.hpp"
#include "collectors/session/thread_state.hpp"

namespace foldperf::collectors {

class GraphNodes {
 public:
  // An event of a graph, or a call (CallStacks), in the order of its thread; `at_ns`: in the file's time. The node's
  // number, 0: it is no node.
  std::int64_t add(database::RunWriter& writer, ThreadState& thread, const EventHeader& event, std::int64_t at_ns);

  // Writes what waited for the thread's next event.
  void flush(database::RunWriter& writer, ThreadState& thread);

  // Every ring was read once more: clones that waited for an original of another thread wait for two rounds.
  void end_round(database::RunWriter& writer);

 private:
  struct WaitingClone {
    records::GraphNodeRecord record;
    std::uint64_t round = 0;
  };
  std::int64_t created(database::RunWriter& writer, ThreadState& thread, const GraphEvent& event, std::int64_t at_ns);
  std::int64_t cloned(database::RunWriter& writer, ThreadState& thread, const GraphEvent& event, std::int64_t at_ns);
  void remember(const records::GraphNodeRecord& record);

  RangeStacks stacks_;
  std::vector<std::uint32_t> stack_of_;  // by node number; unknown: not_seen
  std::vector<WaitingClone> waiting_;
  std::uint64_t round_ = 0;
};

}  // namespace foldperf::collectors
