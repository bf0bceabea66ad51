#include "core/report/svg.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "core/report/escape.hpp"

namespace foldperf::report {
namespace {

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + svg_number(value) + "\"";
}

std::string class_attribute(std::string_view classes) {
  return classes.empty() ? std::string() : " class=\"" + std::string(classes) + "\"";
}

}  // namespace

std::string svg_number(double value) {
  if (!std::isfinite(value)) return "0";
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.2f", std::abs(value) < 0.005 ? 0.0 : value);
  std::string text = buffer.data();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

Svg::Svg(double width, double height, std::string_view label) {
  out_ = "<svg viewBox=\"0 0 " + svg_number(width) + " " + svg_number(height) + "\" role=\"img\" aria-label=\"" +
         escape_html(label) + "\" style=\"max-width:" + svg_number(width) + "px\">\n";
}

void Svg::close(std::string_view element, std::string_view tooltip) {
  if (tooltip.empty()) {
    out_ += "/>\n";
  } else {
    out_ += "><title>" + escape_html(tooltip) + "</title></" + std::string(element) + ">\n";
  }
}

void Svg::rect(double x, double y, double width, double height, std::string_view classes, std::string_view tooltip,
               double radius) {
  out_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height) +
          (radius > 0 ? attribute("rx", radius) : std::string()) + class_attribute(classes);
  close("rect", tooltip);
}

void Svg::line(Point from, Point to, std::string_view classes) {
  out_ += "<line" + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) + attribute("y2", to.y) +
          class_attribute(classes);
  close("line", {});
}

void Svg::polyline(const std::vector<Point>& points, std::string_view classes, std::string_view tooltip) {
  out_ += "<polyline points=\"";
  for (std::size_t i = 0; i < points.size(); ++i) {
    out_ += (i ? " " : "") + svg_number(points[i].x) + "," + svg_number(points[i].y);
  }
  out_ += "\"" + class_attribute(classes);
  close("polyline", tooltip);
}

void Svg::circle(Point center, double radius, std::string_view classes, std::string_view tooltip) {
  out_ += "<circle" + attribute("cx", center.x) + attribute("cy", center.y) + attribute("r", radius) +
          class_attribute(classes);
  close("circle", tooltip);
}

void Svg::text(Point at, std::string_view content, std::string_view classes, Anchor anchor) {
  constexpr std::array<const char*, 3> anchors{"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  out_ += "<text" + attribute("x", at.x) + attribute("y", at.y) + anchors[static_cast<std::size_t>(anchor)] +
          class_attribute(classes) + ">" + escape_html(content) + "</text>\n";
}

void Svg::text_rotated(Point at, std::string_view content, std::string_view classes) {
  out_ += "<text transform=\"translate(" + svg_number(at.x) + " " + svg_number(at.y) +
          ") rotate(-90)\" text-anchor=\"middle\"" + class_attribute(classes) + ">" + escape_html(content) +
          "</text>\n";
}

std::string Svg::finish() { return std::move(out_) + "</svg>\n"; }

double Svg::text_width(std::string_view content, double font_size) {
  return static_cast<double>(display_width(content)) * font_size * 0.6;
}

}  // namespace foldperf::report
