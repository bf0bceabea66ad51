// Aligned columns for terminals.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace foldperf::report {

class TextTable {
 public:
  // Columns whose header starts with '<' are aligned left (and may be shortened), others right.
  explicit TextTable(std::vector<std::string> headers);
  void add_row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Lines of at most `width` columns where shortening the left-aligned ones allows it; ends with a newline.
  [[nodiscard]] std::string render(std::size_t width, std::size_t indent = 2) const;

 private:
  std::vector<std::string> headers_;
  std::vector<bool> left_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace foldperf::report
