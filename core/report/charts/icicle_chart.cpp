// Nested parts of a whole, from the top down: who contains whom, as wide as its time.
#include <algorithm>

#include "core/report/charts/charts.hpp"
#include "core/report/escape.hpp"

namespace foldperf::report {
namespace {

constexpr double row_height = 23;
constexpr double least_width = 1.5;

class Icicle {
 public:
  Icicle(Svg& svg, const std::vector<IcicleNode>& nodes, std::size_t max_depth)
      : svg_(svg), nodes_(nodes), max_depth_(max_depth) {}

  void draw(std::size_t index, double x, double width, std::size_t depth, const std::string& color) {
    const IcicleNode& node = nodes_[index];
    const double y = row_height * static_cast<double>(depth);
    svg_.rect(x, y, std::max(0.5, width - 1), row_height - 1, "tint " + color, node.tooltip, 2);
    const auto columns = static_cast<std::size_t>(std::max(0.0, (width - 10) / Svg::text_width("x")));
    if (columns >= 5) svg_.text({x + 5, y + 15.5}, shorten(node.label, columns), "tint-label");
    if (depth + 1 >= max_depth_ || node.value <= 0) return;
    double at = x;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const IcicleNode& child = nodes_[node.children[i]];
      const double child_width = width * child.value / node.value;
      if (child_width >= least_width) {
        // Colours part where the tree first does.
        const bool parts_here = color == "c0" && node.children.size() > 1 && i < 8;
        const std::string child_color = parts_here ? "c" + std::to_string(i + 1) : color;
        draw(node.children[i], at, child_width, depth + 1, child_color);
      }
      at += child_width;
    }
  }

 private:
  Svg& svg_;
  const std::vector<IcicleNode>& nodes_;
  std::size_t max_depth_;
};

std::size_t visible_depth(const std::vector<IcicleNode>& nodes, std::size_t index, double width, std::size_t limit) {
  std::size_t deepest = 0;
  if (limit > 1 && nodes[index].value > 0) {
    for (const std::size_t child : nodes[index].children) {
      const double child_width = width * nodes[child].value / nodes[index].value;
      if (child_width >= least_width) deepest = std::max(deepest, visible_depth(nodes, child, child_width, limit - 1));
    }
  }
  return deepest + 1;
}

}  // namespace

std::string icicle_chart(const std::string& title, const std::vector<IcicleNode>& nodes, std::size_t max_depth,
                         double width) {
  if (nodes.empty()) return {};
  Svg svg(width, row_height * static_cast<double>(visible_depth(nodes, 0, width, max_depth)), title);
  Icicle(svg, nodes, max_depth).draw(0, 0, width, 0, "c0");
  return svg.finish();
}

}  // namespace foldperf::report
