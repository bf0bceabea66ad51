// Numbers for stacks of open NVTX ranges: the nodes of a tree, each told once.
//
// A graph of 100,000 nodes has a few thousand different stacks. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "collectors/session/thread_state.hpp"

namespace foldperf::database {
class RunWriter;
}

namespace foldperf::collectors {

class RangeStacks {
 public:
  // The number of the ranges that are open in the thread, of all domains, by their start; 0: none is.
  std::uint32_t of(database::RunWriter& writer, ThreadState& thread);

 private:
  std::uint32_t child(database::RunWriter& writer, std::uint32_t parent, const OpenRange& range);

  std::unordered_map<std::string, std::uint32_t> ids_;  // by what makes a child unlike its siblings
  std::string key_;
};

}  // namespace foldperf::collectors
