// Multiple sequence alignments and their file formats: a3m and Stockholm (openfold/data/parsers.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Rows aligned to the first one, the query: all have its length, with gaps as '-'.
struct Alignment {
  std::vector<std::string> sequences;     // letters of HHblits' alphabet (residue_types.hpp) and '-'
  std::vector<std::int32_t> deletions;    // [rows, width]: residues deleted just before each position of each row
  std::vector<std::string> descriptions;  // header of each row (in Stockholm files its name)

  [[nodiscard]] std::size_t depth() const { return sequences.size(); }
  [[nodiscard]] std::size_t width() const { return sequences.empty() ? 0 : sequences.front().size(); }
};

// Lower-case letters are insertions, counted as deletions; '.' is no column. `path` is only for messages. Throws
// InputError with the line for text before the first header, a header without sequence, a character that is neither
// letter nor gap, and a row whose length differs from the query's.
Alignment parse_a3m(std::string_view text, const std::string& path);

// Columns where the query (the first row) has a gap are insertions. Throws InputError with the line for a line that is
// not "name sequence", a file without rows or without its "//" at the end, rows of different length, and other
// characters.
Alignment parse_stockholm(std::string_view text, const std::string& path);

// An alignment that holds only the sequence itself.
Alignment own_sequence_alignment(const std::string& sequence);

}  // namespace foldperf::trainer
