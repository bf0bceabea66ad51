// HTML: learning curves.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::MetricPoint;
using analysis::MetricSeries;

constexpr std::size_t chains_drawn = 12;
constexpr std::size_t figures_drawn = 60;

// A metric's splits, in one picture.
struct Figure {
  std::string name;
  std::vector<const MetricSeries*> splits;
};

std::string metric_label(const std::string& name) {
  if (name == "lddt_ca") return "lDDT-Cα";
  if (name == "drmsd_ca") return "dRMSD-Cα";
  if (name == "gdt_ts") return "GDT-TS";
  if (name == "gdt_ha") return "GDT-HA";
  if (name == "learning_rate") return "learning rate";
  if (name == "grad_norm") return "gradient norm";
  return name;
}

// What a reader looks for first comes first.
int importance(const std::string& name) {
  if (name == "loss") return 0;
  if (name == "lddt_ca") return 1;
  if (name.starts_with("loss")) return 3;
  if (name == "grad_norm" || name == "learning_rate") return 4;
  return 2;
}

std::vector<Point> to_points(const std::vector<MetricPoint>& points) {
  std::vector<Point> result;
  result.reserve(points.size());
  for (const MetricPoint& point : points) result.push_back({static_cast<double>(point.step), point.value});
  return result;
}

std::size_t smoothing_window(std::size_t points) {
  return points < 60 ? 1 : std::min<std::size_t>(101, points / 20 | 1);
}

// A curve that hardly turns back (a learning rate) shows itself best.
bool is_smooth(const std::vector<Point>& points) {
  double low = INFINITY;
  double high = -INFINITY;
  double way = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    low = std::min(low, points[i].y);
    high = std::max(high, points[i].y);
    if (i > 0) way += std::abs(points[i].y - points[i - 1].y);
  }
  return way <= 3 * (high - low);
}

// Curves of one split: single chains or raw values in the background, the curve to read in front.
void add_split(const MetricSeries& series, const std::string& color, std::vector<Curve>& behind,
               std::vector<Curve>& front, std::vector<LegendEntry>& legend) {
  const std::string split = series.split.empty() ? std::string() : series.split + ", ";
  if (!series.chain_mean.empty()) {
    if (series.chains.size() <= chains_drawn) {
      for (const analysis::ChainCurve& chain : series.chains) {
        behind.push_back({split + chain.chain, to_points(chain.points), color, true, false});
      }
      legend.push_back({split + "single chains", color, true});
    }
    front.push_back(
        {split + "mean over chains", to_points(series.chain_mean), color, false, series.chain_mean.size() <= 60});
    legend.push_back({split + "mean of " + std::to_string(series.chains.size()) + " chains", color, false});
    return;
  }
  const std::vector<Point> points = to_points(series.overall);
  const std::size_t window = is_smooth(points) ? 1 : smoothing_window(points.size());
  if (window > 1) {
    behind.push_back({split + "every step", points, color, true, false});
    legend.push_back({split + "every step", color, true});
  }
  const std::string name = window > 1             ? split + "mean of " + std::to_string(window) + " steps"
                           : series.split.empty() ? "value"
                                                  : series.split;
  front.push_back({name, smooth(points, window), color, false, points.size() <= 60});
  legend.push_back({name, color, false});
}

// Values of either sign, or within two decades, are read best on a linear axis.
bool wants_logarithm(const std::vector<Curve>& curves) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  return low > 0 && high > 300 * low;
}

void add_figure(HtmlPage& page, const Figure& figure, bool wide) {
  std::vector<Curve> behind;
  std::vector<Curve> front;
  std::vector<LegendEntry> legend;
  const char* colors[] = {"c1", "c2", "c3", "c7"};
  for (std::size_t i = 0; i < figure.splits.size(); ++i) {
    // train is always blue, eval orange
    const std::string color = figure.splits[i]->split == "eval"    ? "c2"
                              : figure.splits[i]->split == "train" ? "c1"
                                                                   : colors[i % 4];
    if (!figure.splits[i]->overall.empty()) add_split(*figure.splits[i], color, behind, front, legend);
  }
  std::string caption = metric_label(figure.name);
  std::size_t not_finite = 0;
  for (const MetricSeries* series : figure.splits) not_finite += series->not_finite;
  if (not_finite > 0) {
    caption += " (" + format_count(static_cast<std::int64_t>(not_finite)) +
               (not_finite == 1 ? " value was" : " values were") + " not finite)";
  }
  if (front.empty()) return page.note(caption + ": no finite value.");
  behind.insert(behind.end(), front.begin(), front.end());
  CurveOptions options;
  options.width = wide ? 914 : 444;
  options.height = wide ? 290 : 230;
  options.y_label = metric_label(figure.name);
  options.logarithmic = wants_logarithm(behind);
  if (figure.name.starts_with("lddt") || figure.name.starts_with("gdt")) options.y_low = 0, options.y_high = 1;
  page.figure_markup(caption, legend, curve_chart(caption, behind, options));
}

}  // namespace

void add_metric_section(HtmlPage& page, const analysis::RunAnalysis& run) {
  page.open_section("learning", "Learning curves");
  std::map<std::pair<int, std::string>, Figure> figures;
  for (const MetricSeries& series : run.metrics.series) {
    Figure& figure = figures[{importance(series.name), series.name}];
    figure.name = series.name;
    figure.splits.push_back(&series);
  }
  if (figures.empty()) page.paragraph(no_metrics);
  bool grid = false;
  std::size_t drawn = 0;
  for (const auto& [key, figure] : figures) {
    if (drawn++ == figures_drawn) {
      page.note(format_count(static_cast<std::int64_t>(figures.size() - figures_drawn)) +
                " more metrics are in the JSON report.");
      break;
    }
    const bool wide = key.first <= 1;
    if (!wide && !grid) {
      page.open_grid();
      grid = true;
    }
    add_figure(page, figure, wide);
  }
  if (grid) page.close_grid();
  page.close_section();
}

}  // namespace foldperf::report
