// What holds for every alignment that was read.
#pragma once

#include <span>
#include <string>
#include <unordered_set>

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "trainer/input/alignment.hpp"
#include "trainer/input/merged_alignment.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::fuzz {

// The alignment as an a3m file: what was deleted becomes small letters again.
inline std::string to_a3m(const trainer::Alignment& alignment) {
  std::string text;
  auto deletion = alignment.deletions.begin();
  for (std::size_t row = 0; row < alignment.depth(); ++row) {
    text += ">\n";
    for (std::size_t column = 0; column < alignment.width; ++column) {
      if (deletion != alignment.deletions.end() && deletion->row == row && deletion->column == column) {
        text.append(static_cast<std::size_t>(deletion->count), 'a');
        ++deletion;
      }
      text += alignment.row(row)[column];
    }
    text += "\n";
  }
  require(deletion == alignment.deletions.end(), "deletions are within the rows, by row and column");
  return text;
}

// The same, told from the alignment in the simplest way.
inline void check_merged(const trainer::Alignment& alignment) {
  const trainer::MergedAlignment merged = trainer::merge(std::span(&alignment, 1));
  require(merged.width == static_cast<std::int64_t>(alignment.width), "merging keeps the width");
  require(merged.residues.size() == static_cast<std::size_t>(merged.depth * merged.width),
          "residues are [depth, width]");
  require(merged.deletions.size() == merged.residues.size(), "deletions are [depth, width]");
  std::unordered_set<std::string_view> seen;
  auto deletion = alignment.deletions.begin();
  std::size_t place = 0;
  for (std::size_t row = 0; row < alignment.depth(); ++row) {
    const bool is_kept = seen.insert(alignment.row(row)).second;
    for (std::size_t column = 0; column < alignment.width; ++column) {
      std::int16_t deleted = 0;
      if (deletion != alignment.deletions.end() && deletion->row == row && deletion->column == column) {
        deleted = (deletion++)->count;
      }
      if (!is_kept) continue;
      require(place < merged.residues.size(), "each distinct row is kept");
      require(merged.residues[place] == trainer::hhblits_from_letter(alignment.row(row)[column]), "letters are kept");
      require(merged.deletions[place] == deleted, "deletions of the first of equal rows are kept");
      ++place;
    }
  }
  require(place == merged.residues.size(), "each distinct row is kept once");
}

inline void check_alignment(const trainer::Alignment& alignment) {
  require(alignment.width > 0 && alignment.depth() > 0, "an alignment has rows and columns");
  require(alignment.letters.size() == alignment.depth() * alignment.width, "letters are [rows, width]");
  for (const char letter : alignment.letters) {
    require(trainer::hhblits_from_letter(letter).has_value(), "rows have letters of the alphabet");
  }
  for (const trainer::Deletion& deletion : alignment.deletions)
    require(deletion.count > 0, "deletions are more than none");
  const trainer::Alignment again = trainer::parse_a3m(to_a3m(alignment), "written.a3m");
  require(again.width == alignment.width && again.letters == alignment.letters,
          "written and read again, rows are the same");
  require(again.deletions == alignment.deletions, "written and read again, deletions are the same");
  check_merged(alignment);
}

}  // namespace foldperf::fuzz
