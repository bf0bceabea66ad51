#include "collectors/session/graph_nodes.hpp"

#include "collectors/session/call_stacks.hpp"
#include "collectors/session/node_numbers.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::uint32_t not_seen = UINT32_MAX;

std::optional<std::uint32_t> known(std::uint32_t id) {
  return id == 0 ? std::nullopt : std::optional<std::uint32_t>(id);
}

}  // namespace

void GraphNodes::remember(const records::GraphNodeRecord& record) {
  const auto node = static_cast<std::size_t>(record.node);
  if (node >= stack_of_.size()) stack_of_.resize(node + 1 + node / 2, not_seen);
  stack_of_[node] = record.stack;
}

void GraphNodes::flush(database::RunWriter& writer, ThreadState& thread) {
  if (!thread.pending_node) return;
  writer.add(*thread.pending_node);
  thread.pending_node.reset();
}

std::int64_t GraphNodes::created(database::RunWriter& writer, ThreadState& thread, const GraphEvent& event,
                                 std::int64_t at_ns) {
  records::GraphNodeRecord record;
  record.at_ns = at_ns;
  record.node = NodeNumbers::instance().of(event.node);
  record.raw_node = static_cast<std::int64_t>(event.node);
  record.graph = event.graph;
  record.stack = stacks_.of(writer, thread);
  record.node_type = static_cast<std::int32_t>(event.node_type);
  record.global_tid = thread.global_tid;
  remember(record);
  thread.pending_node = record;
  return record.node;
}

std::int64_t GraphNodes::cloned(database::RunWriter& writer, ThreadState& thread, const GraphEvent& event,
                                std::int64_t at_ns) {
  records::GraphNodeRecord record;
  record.at_ns = at_ns;
  record.node = NodeNumbers::instance().of(event.node);
  record.original_node = NodeNumbers::instance().of(event.original_node);
  record.raw_node = static_cast<std::int64_t>(event.node);
  record.graph = event.graph;
  record.original_graph = known(event.original_graph);
  record.node_type = static_cast<std::int32_t>(event.node_type);
  record.event_class = records::GraphEventClass::cloned;
  record.global_tid = thread.global_tid;
  const auto original = static_cast<std::size_t>(*record.original_node);
  if (original < stack_of_.size() && stack_of_[original] != not_seen) {
    record.stack = stack_of_[original];
    remember(record);
    writer.add(record);
  } else {
    waiting_.push_back({record, round_});
  }
  return record.node;
}

std::int64_t GraphNodes::add(database::RunWriter& writer, ThreadState& thread, const EventHeader& header,
                             std::int64_t at_ns) {
  if (header.kind == EventKind::call) {
    CallStacks::instance().tell(header.range_id, stacks_.of(writer, thread));
    return 0;
  }
  const GraphEvent event = GraphEvent::of(header);
  // The same node again: it is a clone's, and told as such.
  const bool again = header.kind == EventKind::graph_node_cloned && thread.pending_node &&
                     thread.pending_node->raw_node == static_cast<std::int64_t>(event.node);
  if (again) thread.pending_node.reset();
  flush(writer, thread);
  if (header.kind == EventKind::graph_node) return created(writer, thread, event, at_ns);
  if (header.kind == EventKind::graph_node_cloned) return cloned(writer, thread, event, at_ns);
  records::GraphRecord record;
  record.at_ns = at_ns;
  record.event_class = header.kind == EventKind::graph_exec ? records::GraphEventClass::instantiated
                       : event.original_graph != 0          ? records::GraphEventClass::cloned
                                                            : records::GraphEventClass::created;
  record.global_tid = thread.global_tid;
  record.graph = event.graph;
  record.original_graph = known(event.original_graph);
  record.graph_exec = known(event.exec);
  writer.add(record);
  return 0;
}

void GraphNodes::end_round(database::RunWriter& writer) {
  ++round_;
  std::uint64_t without_original = 0;
  std::vector<WaitingClone> still;
  for (WaitingClone& clone : waiting_) {
    const auto original = static_cast<std::size_t>(*clone.record.original_node);
    const bool found = original < stack_of_.size() && stack_of_[original] != not_seen;
    if (!found && clone.round + 2 > round_) {
      still.push_back(clone);
      continue;
    }
    if (found) clone.record.stack = stack_of_[original];
    if (!found) ++without_original;
    remember(clone.record);
    writer.add(clone.record);
  }
  waiting_ = std::move(still);
  if (without_original != 0) {
    writer.count_dropped(records::Kind::graph_node, "the captured node of a graph's clone is unknown: it has no stack",
                         without_original);
  }
}

}  // namespace foldperf::collectors
