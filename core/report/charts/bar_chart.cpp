// Horizontal bars with labels, a grid and values; and one bar that shows shares of a whole.
#include <algorithm>
#include <cmath>

#include "core/report/charts/axis.hpp"
#include "core/report/charts/charts.hpp"
#include "core/report/escape.hpp"

namespace foldperf::report {
namespace {

constexpr double row_height = 24;
constexpr double bar_height = 15;

double length_of(const Bar& bar) {
  double sum = 0;
  for (const BarPart& part : bar.parts) sum += std::max(0.0, part.value);
  return sum;
}

}  // namespace

std::string bar_chart(const std::string& title, const std::vector<Bar>& bars, const std::string& axis_label,
                      NumberFormat format, double width) {
  std::size_t label_columns = 4;
  double longest_value = 0;
  double highest = 0;
  for (const Bar& bar : bars) {
    label_columns = std::max(label_columns, std::min<std::size_t>(52, display_width(bar.label)));
    longest_value = std::max(longest_value, Svg::text_width(bar.value_label));
    highest = std::max({highest, length_of(bar), bar.marker});
  }
  const auto label_limit = static_cast<std::size_t>(width * 0.45 / Svg::text_width("x"));
  label_columns = std::min(label_columns, std::max<std::size_t>(8, label_limit));
  const double left = Svg::text_width(std::string(label_columns, 'x')) + 12;
  const double right = width - longest_value - 14;
  const double top = 6;
  const double bottom = top + row_height * static_cast<double>(bars.size());
  const Axis axis = Axis::linear(0, highest, left, right, true, width < 600 ? 3 : 5);

  Svg svg(width, bottom + 38, title);
  for (const double tick : axis.ticks()) {
    svg.line({axis.at(tick), top}, {axis.at(tick), bottom}, "grid");
    svg.text({axis.at(tick), bottom + 15}, format(tick), "tick", Anchor::middle);
  }
  svg.text({(left + right) / 2, bottom + 32}, axis_label, "axis-label", Anchor::middle);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double y = top + row_height * static_cast<double>(i) + (row_height - bar_height) / 2;
    const double middle = y + bar_height / 2;
    svg.text({left - 8, middle + 4}, shorten(bar.label, label_columns), "bar-label", Anchor::end);
    double at = 0;
    for (const BarPart& part : bar.parts) {
      if (part.value <= 0) continue;
      const double from = axis.at(at);
      at += part.value;
      svg.rect(from, y, std::max(0.75, axis.at(at) - from), bar_height, "fill " + part.color, part.tooltip, 1.5);
    }
    double end = axis.at(at);
    if (bar.marker >= 0) {
      const double x = axis.at(bar.marker);
      svg.line({end, middle}, {x, middle}, "whisker");
      svg.line({x, y + 2}, {x, y + bar_height - 2}, "whisker");
      end = std::max(end, x);
    }
    svg.text({end + 6, middle + 4}, bar.value_label, "value");
  }
  svg.line({left, top}, {left, bottom}, "axis");
  return svg.finish();
}

std::string share_bar(const std::string& title, const std::vector<BarPart>& parts, double width) {
  double whole = 0;
  for (const BarPart& part : parts) whole += std::max(0.0, part.value);
  Svg svg(width, 34, title);
  double x = 0;
  for (const BarPart& part : parts) {
    if (part.value <= 0 || whole <= 0) continue;
    const double span = part.value / whole * width;
    svg.rect(x, 2, std::max(0.5, span - 1.5), 30, "fill " + part.color, part.tooltip, 2);
    const std::string percent = std::to_string(std::lround(part.value / whole * 100)) + "%";
    if (span > Svg::text_width(percent, 12) + 10) svg.text({x + span / 2, 21}, percent, "on-fill", Anchor::middle);
    x += span;
  }
  return svg.finish();
}

}  // namespace foldperf::report
