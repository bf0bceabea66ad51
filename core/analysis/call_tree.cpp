#include "core/analysis/call_tree.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/analysis/nesting.hpp"
#include "core/analysis/saturate.hpp"
#include "core/analysis/statistics.hpp"

namespace foldperf::analysis {
namespace {

std::string digits_folded(const std::string& name) {
  std::string folded;
  bool in_number = false;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !in_number) folded += '#';
    if (!digit) folded += c;
    in_number = digit;
  }
  return folded;
}

// Range name id -> id in `labels`.
std::vector<std::uint32_t> label_names(const RangeSet& set, std::vector<std::string>& labels) {
  std::vector<bool> used(set.names.size(), false);
  for (const Range& range : set.ranges) {
    if (range.range_class == RangeClass::other) used[range.name] = true;
  }
  std::unordered_map<std::string, std::size_t> variants;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) ++variants[digits_folded(set.names[i])];
  }
  std::vector<std::uint32_t> label_of(set.names.size(), 0);
  std::unordered_map<std::string, std::uint32_t> ids;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const std::string folded = digits_folded(set.names[i]);
    const std::string& label = variants[folded] > digit_variants_kept ? folded : set.names[i];
    const auto [found, added] = ids.try_emplace(label, static_cast<std::uint32_t>(labels.size()));
    if (added) labels.push_back(label);
    label_of[i] = found->second;
  }
  return label_of;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const std::vector<std::string>& labels) : labels_(labels) { nodes_.emplace_back(); }

  std::size_t child(std::size_t parent, std::uint32_t label) {
    const auto found = index_.find({parent, label});
    if (found != index_.end()) return found->second;
    if (nodes_.size() >= node_limit) {
      cut_ = true;
      return parent;
    }
    const std::size_t added = nodes_.size();
    nodes_[parent].children.push_back(added);
    CallNode& node = nodes_.emplace_back();
    node.name = labels_[label];
    node.parent = parent;
    index_.emplace(std::pair{parent, label}, added);
    return added;
  }

  CallNode& operator[](std::size_t node) { return nodes_[node]; }

  void finish(CallTree& tree) {
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      add_to(nodes_[i].total_ns, nodes_[i].self_ns);
      if (i > 0) add_to(nodes_[nodes_[i].parent].total_ns, nodes_[i].total_ns);
    }
    for (CallNode& node : nodes_) {
      std::stable_sort(node.children.begin(), node.children.end(),
                       [&](std::size_t a, std::size_t b) { return nodes_[a].total_ns > nodes_[b].total_ns; });
    }
    tree.cut = cut_;
    tree.nodes = std::move(nodes_);
  }

 private:
  const std::vector<std::string>& labels_;
  std::vector<CallNode> nodes_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> index_;
  bool cut_ = false;
};

}  // namespace

CallTree analyze_call_tree(const RangeSet& set) {
  CallTree tree;
  std::vector<std::string> labels;
  const std::vector<std::uint32_t> label_of = label_names(set, labels);
  if (labels.empty()) return tree;

  TreeBuilder builder(labels);
  std::vector<NameTime> names(labels.size());
  std::vector<std::vector<double>> durations(labels.size());
  // The sweep's id is a tree node and the range's label.
  const auto pack = [](std::size_t node, std::uint32_t label) { return node << 32 | label; };
  OwnerSweep sweep([&](std::uint64_t id, std::int64_t from, std::int64_t to) {
    add_to(builder[id >> 32].self_ns, to - from);
    add_to(names[id & 0xffffffffU].self_ns, to - from);
    add_to(tree.self_ns, to - from);
  });
  for_each_thread(set, [&](std::size_t first, std::size_t last) {
    std::unordered_map<std::uint32_t, UnionLength> unions;
    for (std::size_t i = first; i < last; ++i) {
      const Range& range = set.ranges[i];
      if (range.range_class != RangeClass::other) continue;
      const std::uint32_t label = label_of[range.name];
      NameTime& name = names[label];
      ++name.count;
      add_to(name.total_ns, unions[label].add(range.start, range.end));
      durations[label].push_back(static_cast<double>(range.end - range.start));
      sweep.advance(range.start);  // closes what ended, so that the parent is the innermost range still open
      const std::size_t parent = sweep.depth() > 0 ? sweep.id_at(sweep.depth() - 1) >> 32 : 0;
      const std::size_t node = builder.child(parent, label);
      ++builder[node].count;
      sweep.begin(pack(node, label), range.start, range.end);
    }
    sweep.finish();
  });
  builder.finish(tree);

  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i].name = labels[i];
    const Summary summary = summarize(std::move(durations[i]));
    names[i].median_ns = summary.median;
    names[i].p90_ns = summary.p90;
  }
  std::sort(names.begin(), names.end(), [](const NameTime& a, const NameTime& b) {
    return a.self_ns != b.self_ns ? a.self_ns > b.self_ns : a.name < b.name;
  });
  tree.names = std::move(names);
  return tree;
}

}  // namespace foldperf::analysis
