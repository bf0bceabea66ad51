// The pictures of the HTML report, as SVG text. They know nothing of runs: labels, numbers and colour classes go in.
// Colour classes: "c1" to "c8" (categories) and "c0" (the rest), see html_style.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/report/svg.hpp"

namespace foldperf::report {

using NumberFormat = std::string (*)(double);  // a number with its unit

// Horizontal bars, each of one or more stacked parts.
struct BarPart {
  double value = 0;
  std::string color;
  std::string tooltip;
};
struct Bar {
  std::string label;
  std::vector<BarPart> parts;
  std::string value_label;  // behind the bar
  double marker = -1;       // a tick across the bar (p90 beside a median); below 0: none
};
std::string bar_chart(const std::string& title, const std::vector<Bar>& bars, const std::string& axis_label,
                      NumberFormat format, double width = 914);

// One bar, as wide as the picture, cut in parts that sum to the whole.
std::string share_bar(const std::string& title, const std::vector<BarPart>& parts, double width = 914);

// One column a step, stacked. A column much higher than the others is cut and marked.
struct Column {
  std::string tooltip;
  std::vector<BarPart> parts;
};
std::string column_strip(const std::string& title, const std::vector<Column>& columns, double first_x, double last_x,
                         const std::string& x_label, const std::string& y_label, NumberFormat format,
                         double width = 914);

// Curves over a common x.
struct Curve {
  std::string name;
  std::vector<Point> points;  // by x
  std::string color;
  bool faint = false;  // in the background
  bool marks = false;  // show single points, too
};
struct CurveOptions {
  std::string x_label = "step";
  std::string y_label;
  bool logarithmic = false;
  bool from_zero = false;
  double y_low = 0, y_high = 0;  // the axis covers at least these, where y_high > y_low
  double width = 444;
  double height = 240;
};
std::string curve_chart(const std::string& title, const std::vector<Curve>& curves, const CurveOptions& options);

// Nested parts of a whole, one row a level, the whole on top.
struct IcicleNode {
  std::string label;
  std::string tooltip;
  double value = 0;  // with all below; children sum to at most that
  std::vector<std::size_t> children;
};
std::string icicle_chart(const std::string& title, const std::vector<IcicleNode>& nodes, std::size_t max_depth = 8,
                         double width = 914);

// At most `count` points that keep a curve's lowest and highest values of every stretch.
std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t count);

// Mean over the `window` points around each.
std::vector<Point> smooth(const std::vector<Point>& points, std::size_t window);

}  // namespace foldperf::report
