#include "core/analysis/modules.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/analysis/nesting.hpp"
#include "core/analysis/saturate.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::analysis {
namespace {

using PassTimes = std::array<PassTime, pass_count>;

void add(PassTimes& sum, const PassTimes& other) {
  for (std::size_t p = 0; p < pass_count; ++p) sum[p] += other[p];
}

std::int64_t training_self(const PassTimes& passes) {
  std::int64_t sum = 0;
  for (const Pass p : {Pass::forward, Pass::backward, Pass::recompute})
    add_to(sum, passes[static_cast<std::size_t>(p)].self_ns);
  return sum;
}

Pass pass_of(const RangeSet& set, const Range& range, const RankTimelines& phases) {
  if (range.range_class == RangeClass::module_backward) return Pass::backward;
  const auto timeline = phases.find(set.threads[range.thread].rank);
  if (timeline == phases.end()) return Pass::forward;
  const std::size_t phase = timeline->second.at(range.start);
  if (phase == Timeline::none) return Pass::forward;
  if (set.names[phase] == facts::phase::backward) return Pass::recompute;
  if (set.names[phase] == facts::phase::evaluation) return Pass::evaluation;
  return Pass::forward;
}

// Times by name id.
std::unordered_map<std::uint32_t, PassTimes> times_by_name(const RangeSet& set, const RankTimelines& phases) {
  std::unordered_map<std::uint32_t, PassTimes> times;
  // The sweep's id carries the pass beside the range, so that it is looked up once.
  OwnerSweep sweep([&](std::uint64_t id, std::int64_t from, std::int64_t to) {
    add_to(times[set.ranges[id / pass_count].name][id % pass_count].self_ns, to - from);
  });
  for_each_thread(set, [&](std::size_t first, std::size_t last) {
    std::unordered_map<std::uint64_t, UnionLength> unions;
    for (std::size_t i = first; i < last; ++i) {
      const Range& range = set.ranges[i];
      if (range.range_class != RangeClass::module && range.range_class != RangeClass::module_backward) continue;
      const auto pass = static_cast<std::size_t>(pass_of(set, range, phases));
      PassTime& time = times[range.name][pass];
      ++time.count;
      add_to(time.total_ns, unions[range.name * std::uint64_t{pass_count} + pass].add(range.start, range.end));
      sweep.begin(i * pass_count + pass, range.start, range.end);
    }
    sweep.finish();
  });
  return times;
}

void sort_by_self(std::vector<ModuleTime>& modules) {
  std::sort(modules.begin(), modules.end(), [](const ModuleTime& a, const ModuleTime& b) {
    const std::int64_t self_a = training_self(a.passes);
    const std::int64_t self_b = training_self(b.passes);
    return self_a != self_b ? self_a > self_b : a.path < b.path;
  });
}

std::vector<ModuleTime> fold(const std::vector<ModuleTime>& modules) {
  std::map<std::string, ModuleTime> by_path;
  for (const ModuleTime& module : modules) {
    ModuleTime& folded = by_path[fold_path(module.path)];
    folded.members = folded.path.empty() ? 1 : folded.members + 1;
    folded.path = fold_path(module.path);
    add(folded.passes, module.passes);
  }
  std::vector<ModuleTime> result;
  for (auto& [path, module] : by_path) result.push_back(std::move(module));
  sort_by_self(result);
  return result;
}

void build_tree(ModuleAnalysis& analysis) {
  if (analysis.folded.empty()) return;
  std::vector<ModuleNode>& tree = analysis.tree;
  tree.emplace_back();
  std::map<std::pair<std::size_t, std::string>, std::size_t> children;  // by parent and name
  for (const ModuleTime& module : analysis.folded) {
    const std::string path = module.path.substr(0, tree_path_limit);
    bool cut = path.size() < module.path.size();
    std::size_t node = 0;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < path.size(); ++depth) {
      const std::size_t dot = std::min(path.find('.', at), path.size());
      std::pair key{node, path.substr(at, dot - at)};
      auto found = children.find(key);
      if (found == children.end()) {
        cut = cut || depth == tree_depth_limit || tree.size() == tree_node_limit;
        if (depth == tree_depth_limit || tree.size() == tree_node_limit) break;
        tree[node].children.push_back(tree.size());
        found = children.emplace(key, tree.size()).first;
        ModuleNode& child = tree.emplace_back();
        child.name = std::move(key.second);
        child.path = path.substr(0, dot);
        child.parent = node;
      }
      node = found->second;
      at = dot + 1;
    }
    add(tree[node].passes, module.passes);
    analysis.tree_cut = analysis.tree_cut || cut;
  }
  for (std::size_t i = tree.size(); i-- > 0;) {  // children stand after their parents
    add_to(tree[i].subtree_self_ns, training_self(tree[i].passes));
    if (i > 0) add_to(tree[tree[i].parent].subtree_self_ns, tree[i].subtree_self_ns);
  }
  for (ModuleNode& node : tree) {
    std::stable_sort(node.children.begin(), node.children.end(),
                     [&](std::size_t a, std::size_t b) { return tree[a].subtree_self_ns > tree[b].subtree_self_ns; });
  }
}

}  // namespace

PassTime& PassTime::operator+=(const PassTime& other) {
  count += other.count;
  add_to(total_ns, other.total_ns);
  add_to(self_ns, other.self_ns);
  return *this;
}

PassTime ModuleTime::training() const {
  PassTime sum = pass(Pass::forward);
  sum += pass(Pass::backward);
  sum += pass(Pass::recompute);
  return sum;
}

std::string fold_path(const std::string& path) {
  std::string folded;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    const bool number = dot > at && std::all_of(path.begin() + static_cast<std::ptrdiff_t>(at),
                                                path.begin() + static_cast<std::ptrdiff_t>(dot),
                                                [](char c) { return c >= '0' && c <= '9'; });
    if (at > 0) folded += '.';
    folded += number ? "*" : path.substr(at, dot - at);
    at = dot + 1;
  }
  return folded;
}

ModuleAnalysis analyze_modules(const RangeSet& set, const RankTimelines& phases) {
  ModuleAnalysis analysis;
  for (const auto& [name, passes] : times_by_name(set, phases)) {
    ModuleTime& module = analysis.modules.emplace_back();
    module.path = set.names[name];
    module.passes = passes;
    for (std::size_t p = 0; p < pass_count; ++p) add_to(analysis.self_ns[p], passes[p].self_ns);
  }
  sort_by_self(analysis.modules);
  analysis.folded = fold(analysis.modules);
  build_tree(analysis);
  return analysis;
}

}  // namespace foldperf::analysis
