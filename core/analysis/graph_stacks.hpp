// The NVTX ranges under which each node of a CUDA graph was captured.
#pragma once

#include <cstdint>
#include <vector>

namespace foldperf::database::sqlite {
class Connection;
}

namespace foldperf::analysis {

// Of all ranks: the nodes' numbers are unique over a run. 32 bytes a node.
class GraphStacks {
 public:
  explicit GraphStacks(database::sqlite::Connection& run);

  // Id of a row of range_stacks: what a clone was told, else its original's. 0: unknown.
  [[nodiscard]] std::int64_t of(std::int64_t node) const;

 private:
  struct Node {
    std::int64_t id, original, made, cloned;  // 0: none
  };
  [[nodiscard]] const Node* find(std::int64_t id) const;
  std::vector<Node> nodes_;  // by id
};

}  // namespace foldperf::analysis
