// One stacked column a step: how steps changed over the run.
#include <algorithm>
#include <cmath>

#include "core/report/charts/axis.hpp"
#include "core/report/charts/charts.hpp"

namespace foldperf::report {
namespace {

double height_of(const Column& column) {
  double sum = 0;
  for (const BarPart& part : column.parts) sum += std::max(0.0, part.value);
  return sum;
}

// Highest value the axis has to show: a few columns far above all others (warm-up) would flatten the rest.
double shown_height(const std::vector<Column>& columns) {
  std::vector<double> heights;
  for (const Column& column : columns) heights.push_back(height_of(column));
  std::sort(heights.begin(), heights.end());
  if (heights.empty()) return 1;
  const double typical = heights[(heights.size() - 1) * 9 / 10];
  return typical > 0 && heights.back() > 3 * typical ? 1.5 * typical : heights.back();
}

}  // namespace

std::string column_strip(const std::string& title, const std::vector<Column>& columns, double first_x, double last_x,
                         const std::string& x_label, const std::string& y_label, NumberFormat format, double width) {
  constexpr double left = 74;
  constexpr double top = 12;
  constexpr double bottom = 190;
  const double right = width - 8;
  const Axis y = Axis::linear(0, shown_height(columns), bottom, top, true, 4);

  Svg svg(width, bottom + 42, title);
  for (const double tick : y.ticks()) {
    svg.line({left, y.at(tick)}, {right, y.at(tick)}, "grid");
    svg.text({left - 6, y.at(tick) + 4}, format(tick), "tick", Anchor::end);
  }
  svg.text_rotated({14, (top + bottom) / 2}, y_label, "axis-label");

  const double pitch = (right - left) / static_cast<double>(std::max<std::size_t>(1, columns.size()));
  const double column_width = std::min(40.0, pitch > 4 ? pitch - 1 : pitch);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double x = left + pitch * static_cast<double>(i) + (pitch - column_width) / 2;
    double sum = 0;
    for (const BarPart& part : columns[i].parts) {
      if (part.value <= 0) continue;
      const double from = y.at(sum);
      sum += part.value;
      if (from - y.at(sum) > 0.02) {
        svg.rect(x, y.at(sum), column_width, from - y.at(sum), "fill " + part.color, columns[i].tooltip);
      }
    }
    if (sum > y.high() * (1 + 1e-9)) {  // cut: a gap near the top
      svg.rect(x - 0.5, top + 5, column_width + 1, 3, "gap", columns[i].tooltip);
    }
  }
  // Ticks stand under the columns they count.
  const auto last = static_cast<double>(columns.size()) - 1;
  const Axis x = Axis::linear(first_x, std::max(first_x + 1, last_x), 0, 1, false, 8);
  for (const double tick : x.ticks()) {
    if (tick < first_x || tick > last_x || tick != std::floor(tick)) continue;
    const double part = last_x > first_x ? (tick - first_x) / (last_x - first_x) : 0;
    svg.text({left + pitch * (part * last + 0.5), bottom + 16}, svg_number(tick), "tick", Anchor::middle);
  }
  svg.line({left, bottom}, {right, bottom}, "axis");
  svg.text({(left + right) / 2, bottom + 35}, x_label, "axis-label", Anchor::middle);
  return svg.finish();
}

}  // namespace foldperf::report
