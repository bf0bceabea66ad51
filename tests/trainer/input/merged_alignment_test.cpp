#include "trainer/input/merged_alignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;

TEST(MergedAlignment, TheFirstOfEqualRowsWins) {
  const std::vector<Alignment> alignments = {parse_a3m(">q\nACD\n>x\nAaC-\n>q again\nAcCD\n", "1"),
                                             parse_stockholm("q A-CD\ny ACC-\nz AG--\n//\n", "2")};
  const MergedAlignment merged = merge(alignments);
  EXPECT_EQ(merged.depth, 3);
  EXPECT_EQ(merged.width, 3);
  EXPECT_THAT(merged.residues, ElementsAre(0, 1, 2, 0, 1, 21, 0, 21, 21));
  EXPECT_THAT(merged.deletions, ElementsAre(0, 0, 0, 0, 1, 0, 0, 1, 0));
}

// OpenFold compares letters: a row with B is another one than that with D, though both become the same residues.
TEST(MergedAlignment, RowsOfOtherLettersAreKeptWhereTheirResiduesAreTheSame) {
  const std::vector<Alignment> alignments = {parse_a3m(">q\nAD\n>x\nAB\n>y\nAD\n", "1")};
  EXPECT_THAT(merge(alignments).residues, ElementsAre(0, 2, 0, 2));
}

TEST(MergedAlignment, EveryCharacterBecomesItsResidue) {
  std::string characters;
  for (int c = 0; c < 256; ++c) characters.push_back(static_cast<char>(c));
  const std::vector<Alignment> alignments = {own_sequence_alignment(characters)};
  const MergedAlignment merged = merge(alignments);
  for (std::size_t i = 0; i < characters.size(); ++i)
    EXPECT_EQ(merged.residues[i], hhblits_from_letter(characters[i]).value_or(unknown_residue)) << i;
}

TEST(MergedAlignment, ManyRowsOfWhichMostAreKnown) {
  // Rows of four letters out of three: 81 distinct ones, each met many times.
  std::string text = ">q\nAAAA\n";
  for (int i = 0; i < 5000; ++i) {
    text += ">r\n";
    for (const int place : {1, 3, 9, 27}) text += "ACD"[(i * 7 / place) % 3];
    text += "\n";
  }
  const std::vector<Alignment> alignments = {parse_a3m(text, "1"), parse_a3m(text, "2")};
  const MergedAlignment merged = merge(alignments);
  ASSERT_EQ(merged.depth, 81);
  std::vector<int> seen(81, 0);
  for (std::size_t row = 0; row < 81; ++row) {
    const std::uint8_t* residues = merged.residues.data() + 4 * row;
    ++seen[static_cast<std::size_t>(residues[0] + 3 * residues[1] + 9 * residues[2] + 27 * residues[3])];
  }
  EXPECT_THAT(seen, ::testing::Each(1));
}

TEST(MergedAlignment, NothingOrTwoWidthsCannotBeMerged) {
  EXPECT_THROW((void)merge(std::vector<Alignment>()), Error);
  EXPECT_THROW((void)merge(std::vector<Alignment>{own_sequence_alignment("ACD"), own_sequence_alignment("AC")}), Error);
}

}  // namespace
}  // namespace foldperf::trainer
