// Small numbers for CUDA's ids of graph nodes, which have the graph in their upper half: a run has millions of kernels
// that carry one. The same for who tells of nodes and who tells of kernels.
//
// Used under the session's drain lock only.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace foldperf::collectors {

class NodeNumbers {
 public:
  static NodeNumbers& instance();

  // From 1. 0: the id is none of CUDA's, or there is no memory.
  std::uint32_t of(std::uint64_t node) noexcept;

 private:
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_graph_;  // then by the node's place in its graph
  std::uint32_t last_ = 0;
};

}  // namespace foldperf::collectors
