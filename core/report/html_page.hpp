// Pieces of the HTML report: one self-contained page, nothing loaded from elsewhere. Text is escaped here; markup that
// a caller made before (pictures, other pieces) goes through the functions named *_markup.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldperf::report {

// A table whose columns the reader can sort by.
class HtmlTable {
 public:
  struct Column {
    std::string title;
    bool number = true;
    std::string tooltip;  // what the column means
  };
  struct Cell {
    Cell(std::string shown) : text(std::move(shown)) {}  // NOLINT: cells are written as plain values
    Cell(const char* shown) : text(shown) {}             // NOLINT
    Cell(std::string shown, double sort_value) : text(std::move(shown)), value(sort_value), sortable(true) {}
    std::string text;
    double value = 0;
    bool sortable = false;
  };

  explicit HtmlTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add_row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  // Long tables scroll; past `most_rows` the rest is left out and counted.
  [[nodiscard]] std::string markup(std::size_t most_rows = 2000) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

struct LegendEntry {
  std::string label;
  std::string color;  // colour class
  bool faint = false;
};

class HtmlPage {
 public:
  explicit HtmlPage(std::string_view title);
  void header(std::string_view title, std::string_view subtitle, std::string_view state);
  void tile(std::string_view value, std::string_view label);  // between open_tiles and close_tiles
  void open_tiles();
  void close_tiles();
  void open_section(std::string_view id, std::string_view title);
  void close_section();
  void subheading(std::string_view title);
  void paragraph(std::string_view text);
  void note(std::string_view text);  // an explanation in small print
  void list(const std::vector<std::string>& lines);
  void facts(const std::vector<std::pair<std::string, std::string>>& facts);
  // A picture with a caption and a legend.
  void figure_markup(std::string_view caption, const std::vector<LegendEntry>& legend, const std::string& svg);
  void open_grid();  // figures side by side where there is room
  void close_grid();
  void table(const HtmlTable& table);
  std::string finish(std::string_view footer);

 private:
  std::string body_;
  std::string navigation_;
  std::string title_;
};

}  // namespace foldperf::report
