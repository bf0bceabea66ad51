#include "core/report/charts/charts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/report/charts/axis.hpp"
#include "core/report/units.hpp"
#include "tests/core/report/markup_checks.hpp"

namespace foldperf::report {
namespace {

TEST(Axis, RoundLimitsAndTicks) {
  const Axis axis = Axis::linear(3, 97, 0, 100);
  EXPECT_DOUBLE_EQ(axis.low(), 0);
  EXPECT_DOUBLE_EQ(axis.high(), 100);
  ASSERT_EQ(axis.ticks().size(), 6U);
  EXPECT_DOUBLE_EQ(axis.ticks()[1], 20);
  EXPECT_DOUBLE_EQ(axis.at(50), 50);
  EXPECT_DOUBLE_EQ(axis.at(1000), 100) << "clamped";
  const Axis down = Axis::linear(0, 10, 200, 0);
  EXPECT_DOUBLE_EQ(down.at(10), 0);
  EXPECT_DOUBLE_EQ(down.at(0), 200);
}

TEST(Axis, WorksWithoutARange) {
  for (const double value : {0.0, 5.0, -3.0, 1e-300, 1e300}) {
    const Axis axis = Axis::linear(value, value, 0, 100);
    EXPECT_LT(axis.low(), axis.high()) << value;
    EXPECT_TRUE(std::isfinite(axis.at(value))) << value;
  }
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isfinite(Axis::linear(inf, -inf, 0, 100).at(0)));  // no data
}

TEST(Axis, Decades) {
  const Axis axis = Axis::logarithmic(0.002, 150, 0, 100);
  EXPECT_DOUBLE_EQ(axis.low(), 1e-3);
  EXPECT_DOUBLE_EQ(axis.high(), 1e3);
  EXPECT_EQ(axis.ticks().size(), 7U);
  EXPECT_NEAR(axis.at(1), 50, 1e-9);
  EXPECT_DOUBLE_EQ(Axis::logarithmic(0, 5, 0, 100).at(5), 100) << "zero falls back to a linear axis";
}

TEST(Curves, ThinningKeepsExtremesAndEnds) {
  std::vector<Point> points;
  std::mt19937 random(1);
  for (int i = 0; i < 10000; ++i) points.push_back({double(i), double(random() % 1000)});
  points[4321].y = 5000;
  points[7000].y = -5000;
  const std::vector<Point> thin = thin_out(points, 200);
  EXPECT_LE(thin.size(), 200U);
  EXPECT_DOUBLE_EQ(thin.front().x, 0);
  EXPECT_DOUBLE_EQ(thin.back().x, 9999);
  EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](const Point& p) { return p.y == 5000; }));
  EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](const Point& p) { return p.y == -5000; }));
  EXPECT_TRUE(std::is_sorted(thin.begin(), thin.end(), [](const Point& a, const Point& b) { return a.x < b.x; }));
}

TEST(Curves, SmoothingKeepsALineAndItsEnds) {
  std::vector<Point> points;
  for (int i = 0; i < 50; ++i) points.push_back({double(i), 2.0 * i + 1});
  const std::vector<Point> smoothed = smooth(points, 9);
  for (std::size_t i = 0; i < points.size(); ++i) EXPECT_NEAR(smoothed[i].y, points[i].y, 1e-9);
  EXPECT_TRUE(smooth({}, 5).empty());
}

TEST(Charts, AreWellFormedWithAnyInput) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::string evil = "</text><script>alert(1)</script>\"'&";
  const std::vector<std::string> pictures{
      bar_chart(evil, {}, "time", format_duration),
      bar_chart(evil, {{evil, {{1e9, "c1", evil}, {-5, "c2", {}}, {0, "c3", {}}}, evil}, {"b", {}, {}, 3e9}}, evil,
                format_duration),
      bar_chart("long", {{std::string(5000, 'x'), {{1, "c1", {}}}, "1"}}, "time", format_duration, 444),
      share_bar(evil, {}),
      share_bar(evil, {{0, "c1", {}}, {1e-9, "c2", evil}, {5, "c3", {}}}),
      column_strip(evil, {}, 0, 0, "step", "time", format_duration),
      column_strip(evil, {{evil, {{1e6, "c1", {}}}}}, 7, 7, "step", "time", format_duration),
      curve_chart(evil, {}, {}),
      curve_chart(evil, {{evil, {{1, 1}}, "c1"}, {"none", {}, "c2"}}, {}),
      curve_chart("broken", {{"x", {{0, inf}, {1, std::nan("")}, {2, 3}}, "c1"}}, {}),
      icicle_chart(evil, {}),
      icicle_chart(evil, {{evil, evil, 0, {}}}),
  };
  for (const std::string& picture : pictures) {
    EXPECT_TRUE(is_balanced(picture));
    EXPECT_EQ(picture.find("<script"), std::string::npos);
    EXPECT_EQ(picture.find("nan"), std::string::npos);
    EXPECT_EQ(picture.find("inf"), std::string::npos);
  }
}

TEST(Charts, BarsAreAsLongAsTheirValues) {
  const std::string svg =
      bar_chart("t", {{"a", {{4, "c1", {}}}, {}}, {"b", {{2, "c2", {}}}, {}}}, "x", format_duration);
  const auto width_of = [&](const std::string& color) {
    const std::size_t end = svg.find("class=\"fill " + color);
    const std::size_t at = svg.rfind("width=\"", end) + 7;
    return std::stod(svg.substr(at));
  };
  EXPECT_NEAR(width_of("c1"), 2 * width_of("c2"), 0.02);
}

TEST(Charts, OneHugeColumnIsCut) {
  std::vector<Column> columns(20, Column{"ok", {{10e6, "c1", {}}}});
  EXPECT_EQ(count_of(column_strip("t", columns, 0, 19, "step", "time", format_duration), "class=\"gap\""), 0U);
  columns[0].parts[0].value = 500e6;
  EXPECT_EQ(count_of(column_strip("t", columns, 0, 19, "step", "time", format_duration), "class=\"gap\""), 1U);
}

}  // namespace
}  // namespace foldperf::report
