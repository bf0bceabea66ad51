// Writes one SVG picture as text. Colours are CSS classes of the page (html_style.cpp), so that a picture follows the
// reader's light or dark mode. Every text is escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldperf::report {

struct Point {
  double x = 0;
  double y = 0;
};

enum class Anchor { start, middle, end };

class Svg {
 public:
  // A picture of that size in its own units; it scales with the page. `label` is what screen readers say.
  Svg(double width, double height, std::string_view label);

  // `tooltip` empty: none. `classes` are CSS classes, ours, not escaped.
  void rect(double x, double y, double width, double height, std::string_view classes, std::string_view tooltip = {},
            double radius = 0);
  void line(Point from, Point to, std::string_view classes);
  void polyline(const std::vector<Point>& points, std::string_view classes, std::string_view tooltip = {});
  void circle(Point center, double radius, std::string_view classes, std::string_view tooltip = {});
  void text(Point at, std::string_view content, std::string_view classes, Anchor anchor = Anchor::start);
  void text_rotated(Point at, std::string_view content, std::string_view classes);  // reads upwards, centred

  // Closes the picture. Nothing can be added after it.
  std::string finish();

  // How wide a text of the charts' font is, roughly (no font is at hand here).
  static double text_width(std::string_view content, double font_size = 11);

 private:
  void close(std::string_view element, std::string_view tooltip);
  std::string out_;
};

// Up to two decimals, no trailing zeros; 0 where not finite, so that a picture is always well-formed.
std::string svg_number(double value);

}  // namespace foldperf::report
