#include "core/analysis/graph_stacks.hpp"

#include <algorithm>

#include "core/database/sqlite.hpp"

namespace foldperf::analysis {

GraphStacks::GraphStacks(database::sqlite::Connection& run) {
  constexpr int made_event = 1;
  database::sqlite::Statement events(run,
                                     "SELECT graphNodeId,originalGraphNodeId,eventClass,stackId FROM "
                                     "CUDA_GRAPH_NODE_EVENTS WHERE graphNodeId IS NOT NULL AND eventClass IN (1,2,5) "
                                     "ORDER BY graphNodeId");
  while (events.step()) {
    const std::int64_t id = events.integer(0);
    if (nodes_.empty() || nodes_.back().id != id) nodes_.push_back({id, 0, 0, 0});
    Node& node = nodes_.back();
    if (events.integer(2) == made_event) {
      if (!events.is_null(3)) node.made = events.integer(3);
      continue;
    }
    if (!events.is_null(3)) node.cloned = events.integer(3);
    if (!events.is_null(1)) node.original = events.integer(1);
  }
}

const GraphStacks::Node* GraphStacks::find(std::int64_t id) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), id,
                                      [](const Node& node, std::int64_t wanted) { return node.id < wanted; });
  return found != nodes_.end() && found->id == id ? &*found : nullptr;
}

std::int64_t GraphStacks::of(std::int64_t id) const {
  const Node* node = find(id);
  if (node == nullptr) return 0;
  if (node->cloned != 0) return node->cloned;
  if (node->original == 0) return node->made;
  const Node* original = find(node->original);
  return original == nullptr ? 0 : original->made;
}

}  // namespace foldperf::analysis
