// What the reading of one chain needs of an mmCIF file, found by a light look at its lines instead of parsing all of
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

struct MmcifExcerpt {
  std::string tables;                        // mmCIF text: the block's name, and the categories asked for, whole
  std::vector<std::string> atom_tags;        // of the _atom_site table: its columns, in small letters, without its name
  std::vector<std::string_view> atom_lines;  // stretches of the file: its rows, one a line, and blank lines
};

// Takes the excerpt from a file that has one data block, every "loop_" and every tag at the start of a line, an
// _atom_site table with a row a line, and '#' as its last line: so the archive writes its files, and so ends a file
// that is not cut off. Gives nothing for a file of another form, or where it cannot be told without parsing: then the
// whole file has to be read. `categories`: in small letters, "_refine.". The views point into `text`.
std::optional<MmcifExcerpt> take_excerpt(std::string_view text, std::span<const std::string_view> categories);

// The values of one line of a table: as they stand there, with their quotes.
class MmcifRow {
 public:
  // False, where the line holds anything but values that all end in it.
  bool split(std::string_view line);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view operator[](std::size_t column) const { return values_[column]; }

 private:
  static constexpr std::size_t most_values = 64;
  std::string_view values_[most_values];
  std::size_t size_ = 0;
};

}  // namespace foldperf::trainer
