#include "core/analysis/inherited_stacks.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "core/analysis/launch_stacks.hpp"
#include "core/database/reader.hpp"
#include "core/database/schema.hpp"
#include "core/database/sqlite.hpp"

namespace foldperf::analysis {
namespace {

using database::bounded;
using database::sqlite::Connection;
using database::sqlite::Statement;

constexpr std::int64_t not_closed = std::numeric_limits<std::int64_t>::max();

struct Node {
  std::int64_t row = 0;
  std::int64_t made = 0;
};

// Nodes without a stack, by rank and the thread whose ranges they get; in the order in which they were made.
using NodesByThread = std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Node>>;

NodesByThread nodes_without_stack(Connection& run) {
  // A thread's number holds its process' above its own, and a process' main thread has the process' number.
  Statement rows(run,
                 "SELECT n.rowid,n.rank,n.start,n.globalTid,COALESCE("
                 "(SELECT g.globalTid FROM CUDA_GRAPH_EVENTS g WHERE g.rank=n.rank AND g.graphId=n.graphId "
                 "AND g.eventClass=1),((n.globalTid>>24)<<24)|((n.globalTid>>24)&0xFFFFFF)) AS maker "
                 "FROM CUDA_GRAPH_NODE_EVENTS n WHERE n.stackId IS NULL AND n.eventClass=1 ORDER BY n.start");
  NodesByThread nodes;
  while (rows.step()) {
    if (rows.integer(3) == rows.integer(4)) continue;  // its own thread had no range open
    nodes[{rows.integer(1), rows.integer(4)}].push_back({rows.integer(0), bounded(rows.integer(2))});
  }
  return nodes;
}

std::vector<OpenRange> ranges_of(Connection& run, std::int64_t rank, std::int64_t thread) {
  // Texts that events carry themselves are few, and have no number to make a stack of.
  Statement rows(run,
                 "SELECT start,ifnull(\"end\",9223372036854775807),textId,domainId,category FROM NVTX_EVENTS "
                 "WHERE rank=?1 AND globalTid=?2 AND eventType=59 AND textId IS NOT NULL "
                 "ORDER BY start,ifnull(\"end\",9223372036854775807) DESC");
  rows.bind(1, rank);
  rows.bind(2, thread);
  std::vector<OpenRange> ranges;
  while (rows.step()) {
    const std::int64_t end = rows.integer(1) == not_closed ? not_closed : bounded(rows.integer(1));
    ranges.push_back({bounded(rows.integer(0)), end, rows.integer(2), rows.integer(3), rows.integer(4)});
  }
  return ranges;
}

std::vector<StackNode> known_stacks(Connection& run, std::int64_t rank) {
  Statement rows(run,
                 "SELECT id,COALESCE(parent,0),textId,domainId,category FROM range_stacks "
                 "WHERE rank=?1 AND int64Value IS NULL");
  rows.bind(1, rank);
  std::vector<StackNode> stacks;
  while (rows.step()) {
    stacks.push_back({rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)});
  }
  return stacks;
}

void write_stacks(Connection& run, std::int64_t rank, const std::vector<StackNode>& stacks) {
  Statement add(run, "INSERT INTO range_stacks(rank,id,parent,textId,domainId,category) VALUES(?1,?2,?3,?4,?5,?6)");
  for (const StackNode& stack : stacks) {
    add.bind(1, rank);
    add.bind(2, stack.id);
    stack.parent == 0 ? add.bind_null(3) : add.bind(3, stack.parent);
    add.bind(4, stack.text_id);
    add.bind(5, stack.domain_id);
    add.bind(6, stack.category);
    add.run();
  }
}

std::int64_t set_stacks(Connection& run, const std::vector<Node>& nodes, const std::vector<std::int64_t>& stacks) {
  Statement set(run, "UPDATE CUDA_GRAPH_NODE_EVENTS SET stackId=?2 WHERE rowid=?1");
  std::int64_t count = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (stacks[i] == 0) continue;
    set.bind(1, nodes[i].row);
    set.bind(2, stacks[i]);
    set.run();
    ++count;
  }
  return count;
}

void tell_clones(Connection& run) {
  // A clone of a clone waits for its own original: one round for each.
  constexpr int most_rounds = 8;
  for (int round = 0; round < most_rounds; ++round) {
    run.exec(
        "UPDATE CUDA_GRAPH_NODE_EVENTS AS n SET stackId=(SELECT o.stackId FROM CUDA_GRAPH_NODE_EVENTS o "
        "WHERE o.graphNodeId=n.originalGraphNodeId AND o.rank=n.rank AND o.stackId IS NOT NULL) "
        "WHERE n.stackId IS NULL AND n.eventClass IN (2,5) AND EXISTS (SELECT 1 FROM CUDA_GRAPH_NODE_EVENTS o "
        "WHERE o.graphNodeId=n.originalGraphNodeId AND o.rank=n.rank AND o.stackId IS NOT NULL)");
    if (run.changes() == 0) return;
  }
}

}  // namespace

std::int64_t inherit_stacks(const std::string& path) {
  try {
    Connection run(path, database::sqlite::OpenMode::read_write, path);
    run.distrust();
    database::check_is_run_database(run);
    database::check_tables(run);
    run.exec("BEGIN IMMEDIATE");
    std::int64_t next_stack = run.query_int("SELECT COALESCE(max(id),0)+1 FROM range_stacks");
    std::int64_t count = 0;
    for (const auto& [place, nodes] : nodes_without_stack(run)) {
      const auto& [rank, thread] = place;
      std::vector<std::int64_t> times;
      times.reserve(nodes.size());
      for (const Node& node : nodes) times.push_back(node.made);
      StackNumbers numbers(known_stacks(run, rank), next_stack);
      const auto stacks = stacks_of_launches(ranges_of(run, rank, thread), times, numbers);
      next_stack = numbers.next_id();
      write_stacks(run, rank, numbers.added());
      count += set_stacks(run, nodes, stacks);
    }
    if (count != 0) tell_clones(run);
    run.exec("COMMIT");
    return count;
  } catch (const database::sqlite::SqliteError& error) {
    if (error.damaged()) throw InputError(path, "is damaged: " + error.reason());
    throw SystemError(path + ": cannot write the ranges of graphs: " + error.reason());
  }
}

}  // namespace foldperf::analysis
