// Chains and alignments of the largest kind are read rightly, with memory in proportion to the text. This program
// counts what operator new hands out, so it is one of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/trainer/input/peak_memory.hpp"
#include "trainer/input/alignment.hpp"
#include "trainer/input/merged_alignment.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using testing::PeakMemory;

constexpr std::size_t residue_count = 5000;
constexpr std::string_view letters = "ARNDCQEGHILKMFPSTWYV";

// Every seventh residue is not resolved.
bool is_resolved(std::size_t residue) { return residue % 7 != 6; }
std::string coordinate(std::size_t residue, std::size_t axis) {
  return std::to_string(static_cast<int>(residue * 3 + axis) % 900) + "." + std::to_string(100 + residue % 900);
}

// An entry as the archive writes them: chain L of 5,000 residues, and two others with a residue each.
std::string large_entry() {
  std::string text =
      "data_LARGE\n#\n_entry.id LARGE\n#\nloop_\n_entity_poly_seq.entity_id\n_entity_poly_seq.num\n"
      "_entity_poly_seq.mon_id\n";
  for (std::size_t i = 0; i < residue_count; ++i) {
    text += "1 " + std::to_string(i + 1) + " " + std::string(residue_names[i % 20]) + "\n";
  }
  text += "2 1 GLY\n#\nloop_\n_chem_comp.id\n_chem_comp.type\n";
  for (std::size_t i = 0; i < 20; ++i) text += std::string(residue_names[i]) + " 'L-peptide linking'\n";
  text += "#\nloop_\n_struct_asym.id\n_struct_asym.entity_id\nA 1\nB 2\nC 2\n#\n";
  text +=
      "loop_\n_atom_site.group_PDB\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n"
      "_atom_site.label_alt_id\n_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n"
      "_atom_site.label_seq_id\n_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n"
      "_atom_site.Cartn_z\n_atom_site.occupancy\n_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n"
      "_atom_site.auth_asym_id\n_atom_site.pdbx_PDB_model_num\n";
  std::size_t serial = 0;
  const auto add = [&](std::string_view component, const char* chain, std::size_t residue, const char* author) {
    for (const char* atom : {"N", "CA", "C", "O"}) {
      text.append("ATOM ").append(std::to_string(++serial)).append(" ").append(atom, 1).append(" ").append(atom);
      text.append(" . ").append(component).append(" ").append(chain).append(" 1 ");
      text.append(std::to_string(residue + 1)).append(" ? ");
      for (std::size_t axis = 0; axis < 3; ++axis) text.append(coordinate(residue, axis)).append(" ");
      text.append("1.00 20.00 ").append(std::to_string(residue + 101)).append(" ").append(author).append(" 1\n");
    }
  };
  add("GLY", "B", 0, "X");
  for (std::size_t i = 0; i < residue_count; ++i) {
    if (is_resolved(i)) add(residue_names[i % 20], "A", i, "L");
  }
  add("GLY", "C", 0, "Y");
  return text + "#\n";
}

void expect_large_chain(const ProteinChain& chain) {
  ASSERT_EQ(chain.length(), residue_count);
  EXPECT_EQ(chain.place, 0U);
  for (std::size_t i = 0; i < residue_count; ++i) {
    ASSERT_EQ(chain.sequence[i], letters[i % 20]);
    ASSERT_EQ(chain.is_missing[i] == 0, is_resolved(i));
    const float* mask = chain.atom_mask.data() + i * atom37_count;
    ASSERT_EQ(std::count(mask, mask + atom37_count, 1.0F), is_resolved(i) ? 4 : 0);
    if (!is_resolved(i)) continue;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      ASSERT_EQ(chain.atom_positions[(i * atom37_count + atom37::ca) * 3 + axis],
                static_cast<float>(std::stod(coordinate(i, axis))));
    }
  }
}

TEST(LargeInput, AChainOfFiveThousandResidues) {
  const std::string text = large_entry();
  const std::size_t chain_bytes = residue_count * (atom37_count * 4 * sizeof(float) + 2);
  {
    const PeakMemory peak;
    const StructureEntry entry = parse_mmcif(text, "large.cif");
    ASSERT_EQ(entry.chains.size(), 3U);
    expect_large_chain(entry.chains[0]);
    EXPECT_LT(peak.bytes(), chain_bytes + 20 * text.size()) << "of " << text.size() << " bytes of text";
  }
  StructureOptions options;
  options.only_chain = "L";
  const PeakMemory peak;
  const StructureEntry entry = parse_mmcif(text, "large.cif", options);
  ASSERT_EQ(entry.chains.size(), 1U);
  expect_large_chain(entry.chains[0]);
  EXPECT_LT(peak.bytes(), chain_bytes + 3 * text.size()) << "of " << text.size() << " bytes of text";
}

constexpr std::size_t row_count = 50'000;
constexpr std::size_t column_count = 120;

// Row r: residue c is another one than the query's where (r + c) is a multiple of 3; a gap where it is one of 11; two
// residues are inserted before column r % 120. Every tenth row is that of two before.
std::size_t source_row(std::size_t row) { return row % 10 == 9 ? row - 2 : row; }
char letter_at(std::size_t row, std::size_t column) {
  if (row == 0) return letters[column % 20];
  if ((row + column) % 11 == 0) return '-';
  const std::size_t digit = column < 5 ? (row >> (4 * column)) % 16 : 0;  // makes the row one of a kind
  return letters[(column + digit + ((row + column) % 3 == 0 ? 3 : 0)) % 20];
}

void expect_large_alignment(const Alignment& alignment) {
  ASSERT_EQ(alignment.depth(), row_count);
  ASSERT_EQ(alignment.width, column_count);
  for (std::size_t row = 0; row < row_count; row += 101) {
    for (std::size_t column = 0; column < column_count; ++column)
      ASSERT_EQ(alignment.row(row)[column], letter_at(source_row(row), column)) << row << " " << column;
  }
  ASSERT_EQ(alignment.deletions.size(), row_count - 1);
  for (std::size_t i = 0; i < alignment.deletions.size(); ++i) {
    const std::size_t row = i + 1;
    const Deletion expected{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row % column_count), 2};
    ASSERT_EQ(alignment.deletions[i], expected) << row;
  }
}

TEST(LargeInput, AnAlignmentOfFiftyThousandRowsAsA3m) {
  std::string text;
  for (std::size_t row = 0; row < row_count; ++row) {
    text.append(">row").append(std::to_string(row)).append("\n");
    for (std::size_t column = 0; column < column_count; ++column) {
      if (row != 0 && column == row % column_count) text += "ag";
      text += letter_at(source_row(row), column);
    }
    text += "\n";
  }
  const PeakMemory parsing;
  const std::vector<Alignment> alignments = {parse_a3m(text, "large.a3m")};
  const std::size_t deletions = alignments[0].deletions.size() * sizeof(Deletion);
  EXPECT_LT(parsing.bytes(), 2 * (text.size() + deletions) + 100'000);
  expect_large_alignment(alignments[0]);

  const PeakMemory merging;
  const MergedAlignment merged = merge(alignments);
  const std::size_t cells = static_cast<std::size_t>(merged.depth) * column_count;
  EXPECT_LT(merging.bytes(), 3 * cells + row_count * 64);
  ASSERT_EQ(merged.width, static_cast<std::int64_t>(column_count));
  ASSERT_EQ(merged.depth, static_cast<std::int64_t>(row_count - row_count / 10));
  ASSERT_EQ(merged.residues.size(), cells);
  ASSERT_EQ(merged.deletions.size(), cells);
  std::size_t row = 0;  // of the alignment
  for (std::size_t kept = 0; kept < static_cast<std::size_t>(merged.depth); ++kept, ++row) {
    if (source_row(row) != row) ++row;
    for (std::size_t column = 0; column < column_count; ++column) {
      ASSERT_EQ(merged.residues[kept * column_count + column], hhblits_from_letter(letter_at(row, column)));
      ASSERT_EQ(merged.deletions[kept * column_count + column], row != 0 && column == row % column_count ? 2 : 0);
    }
  }
}

TEST(LargeInput, AnAlignmentOfFiftyThousandRowsAsStockholm) {
  // Columns 2k and 2k + 1 of the file's insertions stand before column k of the query.
  std::vector<std::string> rows(row_count);
  for (std::size_t row = 0; row < row_count; ++row) {
    for (std::size_t column = 0; column < column_count; ++column) {
      rows[row] += row != 0 && column == row % column_count ? "AG" : "--";
      rows[row] += letter_at(source_row(row), column);
    }
  }
  std::string text = "# STOCKHOLM 1.0\n";
  for (std::size_t start = 0; start < rows[0].size(); start += 200) {
    for (std::size_t row = 0; row < row_count; ++row)
      text.append("row").append(std::to_string(row)).append(" ").append(rows[row], start, 200).append("\n");
  }
  text += "//\n";
  rows.clear();
  rows.shrink_to_fit();
  const PeakMemory peak;
  const Alignment alignment = parse_stockholm(text, "large.sto");
  EXPECT_LT(peak.bytes(), 2 * text.size() + row_count * 200);
  expect_large_alignment(alignment);
}

}  // namespace
}  // namespace foldperf::trainer
