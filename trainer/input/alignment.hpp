// Multiple sequence alignments and their file formats: a3m and Stockholm (openfold/data/parsers.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Residues of a row that have no column: they stand just before the row's residue in `column`.
struct Deletion {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::int16_t count = 0;

  bool operator==(const Deletion&) const = default;
};
inline constexpr int most_deletions = 32'767;  // at one place

// Rows aligned to the first one, the query: all have its length, with gaps as '-'. Headers are not kept.
struct Alignment {
  std::size_t width = 0;
  std::string letters;              // [rows, width]: letters of HHblits' alphabet (residue_types.hpp) and '-'
  std::vector<Deletion> deletions;  // where there are any, by row, then by column

  [[nodiscard]] std::size_t depth() const { return width == 0 ? 0 : letters.size() / width; }
  [[nodiscard]] std::string_view row(std::size_t index) const {
    return std::string_view(letters).substr(index * width, width);
  }
};

// Lower-case letters are insertions, counted as deletions; '.' is no column. `path` is only for messages. Throws
// InputError with the line for text before the first header, a header without sequence, a character that is neither
// letter nor gap, more than `most_deletions` at one place, and a row whose length differs from the query's.
Alignment parse_a3m(std::string_view text, const std::string& path);

// Columns where the query (the first row) has a gap are insertions. Throws InputError with the line for a line that is
// not "name sequence", a file without rows or without its "//" at the end, rows of different length, more than
// `most_deletions` at one place, and other characters.
Alignment parse_stockholm(std::string_view text, const std::string& path);

// An alignment that holds only the sequence itself.
Alignment own_sequence_alignment(const std::string& sequence);

}  // namespace foldperf::trainer
