#include "core/analysis/kernel_time.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "core/database/reader.hpp"

namespace foldperf::analysis {
namespace {

using database::QueryRow;

void sort_and_share(std::vector<KernelTime>& times) {
  double all = 0;
  for (const KernelTime& time : times) all += time.total_ns;
  for (KernelTime& time : times) time.share = all > 0 ? time.total_ns / all : 0;
  std::sort(times.begin(), times.end(), [](const KernelTime& a, const KernelTime& b) {
    return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.name < b.name;
  });
}

// The module of each stack of ranges: its innermost range of the category "module", else its innermost range.
class StackModules {
 public:
  explicit StackModules(const database::RunReader& reader) {
    reader.query(
        "SELECT s.id,s.parent,t.value,EXISTS(SELECT 1 FROM NvtxCategories c JOIN StringIds i ON i.id=c.nameId "
        "AND i.value='module' WHERE c.rank=s.rank AND c.domainId=s.domainId AND c.category=s.category) "
        "FROM range_stacks s LEFT JOIN StringIds t ON t.id=s.textId",
        {}, [this](const QueryRow& row) {
          stacks_[row.integer(0)] = {row.is_null(1) ? 0 : row.integer(1), std::string(row.text(2)),
                                     row.integer(3) != 0};
          return true;
        });
  }

  [[nodiscard]] std::string module_of(std::int64_t stack) const {
    const auto innermost = stacks_.find(stack);
    if (innermost == stacks_.end()) return {};
    std::size_t steps = 0;  // a stranger's file may hold a ring
    for (auto at = innermost; at != stacks_.end() && steps++ < stacks_.size(); at = stacks_.find(at->second.parent)) {
      if (at->second.is_module) return at->second.text;
    }
    return innermost->second.text;
  }

 private:
  struct Stack {
    std::int64_t parent;
    std::string text;
    bool is_module;
  };
  std::unordered_map<std::int64_t, Stack> stacks_;
};

// The stack of each node: what a clone was told wins, then its original's.
std::unordered_map<std::int64_t, std::int64_t> stacks_of_nodes(const database::RunReader& reader) {
  struct Node {
    std::optional<std::int64_t> made, cloned, original;
  };
  std::unordered_map<std::int64_t, Node> nodes;
  reader.query(
      "SELECT graphNodeId,originalGraphNodeId,eventClass,stackId FROM CUDA_GRAPH_NODE_EVENTS "
      "WHERE graphNodeId IS NOT NULL AND eventClass IN (1,2,5)",
      {}, [&](const QueryRow& row) {
        Node& node = nodes[row.integer(0)];
        const bool clone = row.integer(2) != 1;
        if (!row.is_null(3)) (clone ? node.cloned : node.made) = row.integer(3);
        if (clone && !row.is_null(1)) node.original = row.integer(1);
        return true;
      });
  std::unordered_map<std::int64_t, std::int64_t> stacks;
  for (const auto& [id, node] : nodes) {
    std::optional<std::int64_t> stack = node.cloned;
    if (!stack && node.original) {
      if (const auto original = nodes.find(*node.original); original != nodes.end()) stack = original->second.made;
    } else if (!stack) {
      stack = node.made;
    }
    if (stack) stacks[id] = *stack;
  }
  return stacks;
}

}  // namespace

KernelAnalysis analyze_kernels(const database::RunReader& reader) {
  KernelAnalysis result;
  // total(): a sum of a stranger's integers may overflow.
  reader.query(
      "SELECT s.value,k.n,k.ns FROM (SELECT shortName,count(*) n,total(CAST(\"end\" AS REAL)-start) ns "
      "FROM CUPTI_ACTIVITY_KIND_KERNEL GROUP BY shortName) k LEFT JOIN StringIds s ON s.id=k.shortName",
      {}, [&](const QueryRow& row) {
        result.kernels.push_back({std::string(row.text(0)), row.integer(1), row.real(2), 0});
        result.total_ns += row.real(2);
        return true;
      });
  sort_and_share(result.kernels);

  const StackModules modules(reader);
  const auto stacks = stacks_of_nodes(reader);
  std::map<std::string, KernelTime> by_module;
  reader.query(
      "SELECT graphNodeId,count(*),total(CAST(\"end\" AS REAL)-start) FROM CUPTI_ACTIVITY_KIND_KERNEL "
      "WHERE graphNodeId IS NOT NULL GROUP BY graphNodeId",
      {}, [&](const QueryRow& row) {
        const auto stack = stacks.find(row.integer(0));
        std::string name = stack == stacks.end() ? std::string() : modules.module_of(stack->second);
        KernelTime& time = by_module[name];
        time.name = std::move(name);
        time.count += row.integer(1);
        time.total_ns += row.real(2);
        return true;
      });
  for (auto& [name, time] : by_module) result.modules.push_back(std::move(time));
  sort_and_share(result.modules);
  return result;
}

}  // namespace foldperf::analysis
