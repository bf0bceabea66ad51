// Curves over steps, with a legend above the picture.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/report/charts/axis.hpp"
#include "core/report/charts/charts.hpp"
#include "core/report/escape.hpp"
#include "core/report/units.hpp"

namespace foldperf::report {
namespace {

struct Limits {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

constexpr std::size_t most_points = 600;

}  // namespace

std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t count) {
  if (points.size() <= count || count < 4) return points;
  std::vector<Point> kept{points.front()};
  const std::size_t stretches = count / 2 - 1;
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto from = points.begin() + static_cast<std::ptrdiff_t>(points.size() * i / stretches);
    const auto to = points.begin() + static_cast<std::ptrdiff_t>(points.size() * (i + 1) / stretches);
    auto [low, high] = std::minmax_element(from, to, [](const Point& a, const Point& b) { return a.y < b.y; });
    if (high < low) std::swap(low, high);
    kept.push_back(*low);
    if (high != low) kept.push_back(*high);
  }
  kept.push_back(points.back());
  return kept;
}

std::vector<Point> smooth(const std::vector<Point>& points, std::size_t window) {
  std::vector<double> sums{0};
  for (const Point& point : points) sums.push_back(sums.back() + point.y);
  std::vector<Point> result = points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    // The window shrinks at the ends and stays centred, so that the ends are not pulled inwards.
    const std::size_t half = std::min({window / 2, i, points.size() - 1 - i});
    result[i].y = (sums[i + half + 1] - sums[i - half]) / static_cast<double>(2 * half + 1);
  }
  return result;
}

std::string curve_chart(const std::string& title, const std::vector<Curve>& curves, const CurveOptions& options) {
  Limits x_limits;
  Limits y_limits;
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      x_limits.add(point.x);
      y_limits.add(point.y);
    }
  }
  if (options.y_high > options.y_low) {
    y_limits.add(options.y_low);
    y_limits.add(options.y_high);
  }
  // Room for the axis labels, whose width depends on the numbers.
  const double bottom = options.height - 42;
  const double top = 10;
  const Axis y = options.logarithmic ? Axis::logarithmic(y_limits.low, y_limits.high, bottom, top)
                                     : Axis::linear(y_limits.low, y_limits.high, bottom, top, options.from_zero);
  const double y_step = options.logarithmic || y.ticks().size() < 2 ? 0 : y.ticks()[1] - y.ticks()[0];
  double widest_tick = 0;
  for (const double tick : y.ticks()) widest_tick = std::max(widest_tick, Svg::text_width(format_tick(tick, y_step)));
  const double left = 30 + widest_tick;
  const double right = options.width - 12;
  const Axis x = Axis::linear(x_limits.low, x_limits.high, left, right, false, options.width < 500 ? 4 : 8);

  Svg svg(options.width, options.height, title);
  for (const double tick : y.ticks()) {
    svg.line({left, y.at(tick)}, {right, y.at(tick)}, "grid");
    svg.text({left - 6, y.at(tick) + 4}, format_tick(tick, y_step), "tick", Anchor::end);
  }
  for (const double tick : x.ticks()) {
    if (tick != std::floor(tick)) continue;
    svg.line({x.at(tick), bottom}, {x.at(tick), bottom + 4}, "axis");
    svg.text({x.at(tick), bottom + 17}, format_count(static_cast<std::int64_t>(tick)), "tick", Anchor::middle);
  }
  svg.line({left, bottom}, {right, bottom}, "axis");
  svg.text({(left + right) / 2, options.height - 6}, options.x_label, "axis-label", Anchor::middle);
  svg.text_rotated({12, (top + bottom) / 2}, options.y_label, "axis-label");

  for (const Curve& curve : curves) {
    std::vector<Point> line;
    for (const Point& point : thin_out(curve.points, most_points)) line.push_back({x.at(point.x), y.at(point.y)});
    const std::string classes = curve.color + (curve.faint ? " faint" : "");
    if (line.size() > 1) svg.polyline(line, "curve " + classes, curve.name);
    if (curve.marks || line.size() == 1) {
      for (const Point& point : curve.points) {
        if (curve.points.size() > 200) break;
        svg.circle(
            {x.at(point.x), y.at(point.y)}, curve.faint ? 1.6 : 2.6, "fill " + classes,
            curve.name + ", step " + format_count(static_cast<std::int64_t>(point.x)) + ": " + format_value(point.y));
      }
    }
  }
  return svg.finish();
}

}  // namespace foldperf::report
