#include "core/report/html_page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/report/escape.hpp"
#include "core/report/html_style.hpp"
#include "core/report/units.hpp"

namespace foldperf::report {
namespace {

std::string element(std::string_view name, std::string_view text, std::string_view classes = {}) {
  std::string markup = "<" + std::string(name);
  if (!classes.empty()) markup += " class=\"" + std::string(classes) + "\"";
  return markup + ">" + escape_html(text) + "</" + std::string(name) + ">";
}

// A name may break after a dot or an underscore, so that long paths wrap where a reader would.
std::string breakable(std::string_view name) {
  std::string markup;
  for (const char c : escape_html(name)) {
    markup += c;
    if (c == '.' || c == '_' || c == '/') markup += "<wbr>";
  }
  return markup;
}

std::string plain_number(double value) {
  if (!std::isfinite(value)) return "0";
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.9g", value);
  return buffer.data();
}

}  // namespace

std::string HtmlTable::markup(std::size_t most_rows) const {
  std::string markup = rows_.size() > 22 ? "<div class=\"table tall\">" : "<div class=\"table\">";
  markup += "<table class=\"sortable\"><thead><tr>";
  for (const Column& column : columns_) {
    markup += std::string("<th scope=\"col\"") + (column.number ? " class=\"number\"" : "") +
              (column.tooltip.empty() ? "" : " title=\"" + escape_html(column.tooltip) + "\"") + ">" +
              escape_html(column.title) + "</th>";
  }
  markup += "</tr></thead><tbody>\n";
  for (std::size_t r = 0; r < std::min(rows_.size(), most_rows); ++r) {
    markup += "<tr>";
    for (std::size_t c = 0; c < columns_.size() && c < rows_[r].size(); ++c) {
      const Cell& cell = rows_[r][c];
      markup += std::string("<td") + (columns_[c].number ? " class=\"number\"" : " class=\"name\"") +
                (cell.sortable ? " data-v=\"" + plain_number(cell.value) + "\"" : "") + ">" +
                (columns_[c].number ? escape_html(cell.text) : breakable(cell.text)) + "</td>";
    }
    markup += "</tr>\n";
  }
  markup += "</tbody></table></div>\n";
  if (rows_.size() > most_rows) {
    markup += element(
        "p", format_count(static_cast<std::int64_t>(rows_.size() - most_rows)) + " more rows are in the JSON report.",
        "note");
  }
  return markup;
}

HtmlPage::HtmlPage(std::string_view title) : title_(title) {}

void HtmlPage::header(std::string_view title, std::string_view subtitle, std::string_view state) {
  body_ += "<header>" + element("p", "foldperf report", "brand") + element("h1", title) +
           element("p", subtitle, "subtitle") + element("p", state, "state") + "</header>\n";
}

void HtmlPage::open_tiles() { body_ += "<div class=\"tiles\">"; }
void HtmlPage::close_tiles() { body_ += "</div>\n"; }

void HtmlPage::tile(std::string_view value, std::string_view label) {
  body_ +=
      "<div class=\"tile\">" + element("div", value, "tile-value") + element("div", label, "tile-label") + "</div>";
}

void HtmlPage::open_section(std::string_view id, std::string_view title) {
  body_ += "<section id=\"" + escape_html(id) + "\">" + element("h2", title) + "\n";
  navigation_ += "<a href=\"#" + escape_html(id) + "\">" + escape_html(title) + "</a>";
}

void HtmlPage::close_section() { body_ += "</section>\n"; }
void HtmlPage::subheading(std::string_view title) { body_ += element("h3", title) + "\n"; }
void HtmlPage::paragraph(std::string_view text) { body_ += element("p", text) + "\n"; }
void HtmlPage::note(std::string_view text) { body_ += element("p", text, "note") + "\n"; }

void HtmlPage::list(const std::vector<std::string>& lines) {
  body_ += "<ul class=\"findings\">";
  for (const std::string& line : lines) body_ += element("li", line);
  body_ += "</ul>\n";
}

void HtmlPage::facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  body_ += "<dl>";
  for (const auto& [label, value] : facts) body_ += element("dt", label) + element("dd", value);
  body_ += "</dl>\n";
}

void HtmlPage::figure_markup(std::string_view caption, const std::vector<LegendEntry>& legend, const std::string& svg) {
  body_ += "<figure>" + element("figcaption", caption);
  if (!legend.empty()) {
    body_ += "<div class=\"legend\">";
    for (const LegendEntry& entry : legend) {
      body_ += "<span><i class=\"swatch " + entry.color + (entry.faint ? " faint" : "") + "\"></i>" +
               escape_html(entry.label) + "</span>";
    }
    body_ += "</div>";
  }
  body_ += svg + "</figure>\n";
}

void HtmlPage::open_grid() { body_ += "<div class=\"grid-of-figures\">\n"; }
void HtmlPage::close_grid() { body_ += "</div>\n"; }
void HtmlPage::table(const HtmlTable& table) { body_ += table.markup(); }

std::string HtmlPage::finish(std::string_view footer) {
  // The policy lets the page load nothing, whatever a name in the database says.
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src '" +
      std::string(script_hash()) +
      "'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
      escape_html(title_) + "</title>\n<style>" + std::string(style_sheet()) + "</style></head>\n<body>\n";
  const std::size_t header_end = body_.find("</header>");
  const std::string navigation = "<nav>" + navigation_ + "</nav>\n";
  if (header_end == std::string::npos) {
    page += navigation + body_;
  } else {
    page += body_.substr(0, header_end + 9) + navigation + body_.substr(header_end + 9);
  }
  page +=
      "<footer>" + escape_html(footer) + "</footer>\n<script>" + std::string(script()) + "</script>\n</body></html>\n";
  return page;
}

}  // namespace foldperf::report
