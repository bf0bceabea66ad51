#include "trainer/input/merged_alignment.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "trainer/input/distinct_texts.hpp"

namespace foldperf::trainer {

namespace {

// As hhblits_from_letter, which a test compares, but for letters after one another: HHblits' order is that of the
// alphabet, and without a table the compiler does many letters in one instruction. What is no letter is unknown.
void to_hhblits(std::string_view letters, std::uint8_t* residues) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto c = static_cast<std::int8_t>(letters[i]);
    // In the alphabet, less the letters before it that HHblits' order leaves out: B, J, O, U, and X, which comes last.
    auto residue = static_cast<std::uint8_t>(c - 'A' - (c > 'B') - (c > 'J') - (c > 'O') - (c > 'U') - (c > 'X'));
    residue = c == 'B' ? std::uint8_t{2} : residue;  // D or N
    residue = c == 'Z' ? std::uint8_t{3} : residue;  // E or Q
    residue = c == 'U' ? std::uint8_t{1} : residue;  // selenocysteine
    residue = c == 'J' || c == 'O' || c == 'X' || c < 'A' || c > 'Z' ? std::uint8_t{20} : residue;
    residues[i] = c == '-' ? std::uint8_t{21} : residue;
  }
}

}  // namespace

MergedAlignment merge(std::span<const Alignment> alignments) {
  if (alignments.empty()) throw Error("no alignment to merge");
  const std::size_t width = alignments.front().width;
  for (const Alignment& alignment : alignments) {
    if (alignment.width != width) {
      throw Error("alignments of " + std::to_string(width) + " and of " + std::to_string(alignment.width) +
                  " residues cannot be merged");
    }
  }
  DistinctTexts rows;
  std::vector<bool> is_kept;  // by alignment and row
  for (const Alignment& alignment : alignments) {
    for (std::size_t row = 0; row < alignment.depth(); ++row) is_kept.push_back(rows.add(alignment.row(row)).second);
  }
  MergedAlignment result;
  result.depth = static_cast<std::int64_t>(rows.size());
  result.width = static_cast<std::int64_t>(width);
  result.residues.resize(rows.size() * width);
  result.deletions.resize(rows.size() * width);
  for (std::size_t row = 0; row < rows.size(); ++row) to_hhblits(rows[row], result.residues.data() + row * width);
  auto kept = is_kept.begin();
  std::int16_t* deletions = result.deletions.data();
  for (const Alignment& alignment : alignments) {
    auto deletion = alignment.deletions.begin();
    for (std::size_t row = 0; row < alignment.depth(); ++row, ++kept) {
      for (; deletion != alignment.deletions.end() && deletion->row == row; ++deletion) {
        if (*kept) deletions[deletion->column] = deletion->count;
      }
      if (*kept) deletions += width;
    }
  }
  return result;
}

}  // namespace foldperf::trainer
