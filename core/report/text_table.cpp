#include "core/report/text_table.hpp"

#include <algorithm>
#include <numeric>

#include "core/report/escape.hpp"

namespace foldperf::report {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 12;

void append_cell(std::string& line, const std::string& text, std::size_t width, bool left) {
  const std::string shown = shorten(text, width);
  const std::string fill(width - display_width(shown), ' ');
  line += left ? shown + fill : fill + shown;
}

}  // namespace

TextTable::TextTable(std::vector<std::string> headers) : headers_(std::move(headers)) {
  for (std::string& header : headers_) {
    left_.push_back(header.starts_with('<'));
    if (left_.back()) header.erase(0, 1);
  }
}

void TextTable::add_row(std::vector<std::string> cells) {
  cells.resize(headers_.size());
  for (std::string& cell : cells) cell = clean_text(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::render(std::size_t width, std::size_t indent) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < headers_.size(); ++c) {
    std::size_t widest = display_width(headers_[c]);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[c]));
    widths.push_back(widest);
  }
  std::size_t total = std::accumulate(widths.begin(), widths.end(), indent + gap * (widths.size() - 1));
  while (total > width) {  // the widest left-aligned column gives way
    std::size_t widest = widths.size();
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (left_[c] && widths[c] > narrowest && (widest == widths.size() || widths[c] > widths[widest])) widest = c;
    }
    if (widest == widths.size()) break;
    --widths[widest];
    --total;
  }

  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) line.append(gap, ' ');
      append_cell(line, cells[c], widths[c], left_[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line(headers_);
  std::string rule(indent, ' ');
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (c > 0) rule.append(gap, ' ');
    for (std::size_t i = 0; i < widths[c]; ++i) rule += "─";
  }
  text += rule + "\n";
  for (const auto& row : rows_) add_line(row);
  return text;
}

}  // namespace foldperf::report
