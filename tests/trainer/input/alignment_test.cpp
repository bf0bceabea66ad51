#include "trainer/input/alignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/alignment_file.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ::foldperf::testing::input_error;

std::vector<std::string> rows(const Alignment& alignment) {
  std::vector<std::string> result;
  for (std::size_t row = 0; row < alignment.depth(); ++row) result.emplace_back(alignment.row(row));
  return result;
}

TEST(A3m, InsertionsAreCountedBeforeTheNextColumn) {
  const Alignment alignment =
      parse_a3m("#comment\n>query\nACD\nEF\n\n>other text\nA-cdeDEfF\r\n>third\nACDEFgg\n", "x.a3m");
  EXPECT_THAT(rows(alignment), ElementsAre("ACDEF", "A-DEF", "ACDEF"));
  EXPECT_THAT(alignment.deletions, ElementsAre(Deletion{1, 2, 3}, Deletion{1, 4, 1}));
}

TEST(A3m, RaggedRowsNameTheLine) {
  EXPECT_THAT(input_error([] { (void)parse_a3m(">query\nACD\n>bad\nAC\n", "x.a3m"); }),
              ::testing::AllOf(HasSubstr("x.a3m:3:"), HasSubstr("2 residues"), HasSubstr("has 3")));
}

TEST(A3m, IllegalCharactersNameTheLine) {
  EXPECT_THAT(input_error([] { (void)parse_a3m(">query\nACD\n>bad\nA*D\n", "x.a3m"); }), HasSubstr("x.a3m:4: '*'"));
  EXPECT_THAT(input_error([] { (void)parse_a3m(">query\nA D\n", "x.a3m"); }), HasSubstr("x.a3m:2: ' '"));
  EXPECT_THAT(input_error([] { (void)parse_a3m(">query\nA\xffZ\n", "x.a3m"); }), HasSubstr("byte 0xff"));
}

TEST(A3m, TextBeforeTheFirstHeaderAndEmptyRows) {
  EXPECT_THAT(input_error([] { (void)parse_a3m("ACD\n", "x.a3m"); }), HasSubstr("x.a3m:1:"));
  EXPECT_THAT(input_error([] { (void)parse_a3m(">a\n>b\nACD\n", "x.a3m"); }),
              HasSubstr("x.a3m:1: header without a sequence"));
  EXPECT_THAT(input_error([] { (void)parse_a3m("# nothing\n", "x.a3m"); }), HasSubstr("no sequence"));
}

TEST(Stockholm, ColumnsWhereTheQueryHasGapsAreDeletions) {
  const Alignment alignment = parse_stockholm(
      "# STOCKHOLM 1.0\n#=GS a DE text\n\nquery AC-D\nother A-xE\n#=GC RF xx.x\n\nquery --EF\nother GGE-\n//\n",
      "x.sto");
  EXPECT_THAT(rows(alignment), ElementsAre("ACDEF", "A-EE-"));
  EXPECT_THAT(alignment.deletions, ElementsAre(Deletion{1, 2, 1}, Deletion{1, 3, 2}));
}

TEST(Stockholm, WithoutEndItIsTruncated) {
  EXPECT_THAT(input_error([] { (void)parse_stockholm("# STOCKHOLM 1.0\nquery ACD\n", "x.sto"); }),
              ::testing::AllOf(HasSubstr("x.sto:2:"), HasSubstr("//"), HasSubstr("truncated")));
}

TEST(Stockholm, BadLinesNameTheirLine) {
  EXPECT_THAT(input_error([] { (void)parse_stockholm("query ACD\nother AC\n//\n", "x.sto"); }), HasSubstr("x.sto:2:"));
  EXPECT_THAT(input_error([] { (void)parse_stockholm("query ACD\nother A C\n//\n", "x.sto"); }), HasSubstr("x.sto:2:"));
  EXPECT_THAT(input_error([] { (void)parse_stockholm("query\n//\n", "x.sto"); }), HasSubstr("x.sto:1:"));
  EXPECT_THAT(input_error([] { (void)parse_stockholm("query ACD\nother A1D\n//\n", "x.sto"); }),
              HasSubstr("x.sto:2: '1'"));
  EXPECT_THAT(input_error([] { (void)parse_stockholm("# STOCKHOLM 1.0\n//\n", "x.sto"); }), HasSubstr("no sequence"));
  EXPECT_THAT(input_error([] { (void)parse_stockholm("query ---\n//\n", "x.sto"); }), HasSubstr("no residue"));
}

TEST(A3m, LongLinesAreReadLikeShortOnes) {
  // Insertions, dots and gaps at every place relative to the pieces in which a line is looked at.
  const std::string letters = "ACDEFGHIKLMNPQRSTVWYBJOUXZ-ACDEFGHIKLMNPQRSTVWYBJOUXZ-";
  for (std::size_t place = 0; place < letters.size(); ++place) {
    std::string row = letters;
    row.insert(place, "ab.c");
    const Alignment alignment = parse_a3m(">q\n" + letters + "\n>r\n" + row + "\n", "x.a3m");
    EXPECT_EQ(alignment.row(1), letters);
    EXPECT_THAT(alignment.deletions, ElementsAre(Deletion{1, static_cast<std::uint32_t>(place), 3}));
    row[place] = '*';
    EXPECT_THAT(input_error([&] { (void)parse_a3m(">q\n" + letters + "\n>r\n" + row + "\n", "x.a3m"); }),
                HasSubstr("x.a3m:4: '*'"));
  }
}

TEST(A3m, MoreInsertionsThanCanBeCountedNameTheLine) {
  const std::string inserted(32'767, 'a');
  EXPECT_THAT(parse_a3m(">q\nACD\n>r\nA" + inserted + "\nCD\n", "x.a3m").deletions,
              ElementsAre(Deletion{1, 1, 32'767}));
  EXPECT_THAT(input_error([&] { (void)parse_a3m(">q\nACD\n>r\nA" + inserted + "a\nCD\n", "x.a3m"); }),
              ::testing::AllOf(HasSubstr("x.a3m:5:"), HasSubstr("32768"), HasSubstr("32767")));
}

TEST(Stockholm, MoreInsertionsThanCanBeCountedNameTheLine) {
  const std::string gaps(32'768, '-');
  const std::string inserted(32'767, 'A');
  EXPECT_THAT(parse_stockholm("q A" + gaps + "C\nr A-" + inserted + "C\n//\n", "x.sto").deletions,
              ElementsAre(Deletion{1, 1, 32'767}));
  EXPECT_THAT(input_error([&] { (void)parse_stockholm("q A" + gaps + "C\nr AA" + inserted + "C\n//\n", "x.sto"); }),
              ::testing::AllOf(HasSubstr("x.sto:2:"), HasSubstr("32768")));
}

TEST(Stockholm, BlocksMayNameTheirRowsInAnyOrder) {
  const Alignment alignment = parse_stockholm("q AC\ns DE\nr FG\n\nr HI\nq KL\ns MN\n\nq P\nr Q\ns R\n//\n", "x.sto");
  EXPECT_THAT(rows(alignment), ElementsAre("ACKLP", "DEMNR", "FGHIQ"));
}

TEST(AlignmentFile, IsKnownByItsName) {
  for (const char* name : {"b.sto", "a.a3m", "c.a3m.gz"})
    EXPECT_EQ(alignment_file_kind(name), AlignmentFileKind::alignment) << name;
  for (const char* name : {"uniprot_hits.sto", "hmm_output.sto.gz", "notes.txt"})
    EXPECT_EQ(alignment_file_kind(name), AlignmentFileKind::other) << name;
  EXPECT_EQ(alignment_file_kind("pdb70_hits.hhr"), AlignmentFileKind::template_hits);
}

TEST(TextFile, LinesEndInAnyOfThreeWays) {
  std::vector<std::string> found;
  Lines lines("one\n two\t\r\nthree\rfour\n\r\r\n\nfive\r");
  std::string_view line;
  while (lines.next(line)) found.push_back(std::to_string(lines.number()) + " " + std::string(line));
  EXPECT_THAT(found, ElementsAre("1 one", "2 two", "3 three", "4 four", "5 ", "6 ", "7 ", "8 five"));
}

TEST(TextFile, MissingEmptyAndDamagedFiles) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(input_error([&] { (void)read_text_file(folder.path() / "none"); }), HasSubstr("no such file"));
  EXPECT_THAT(input_error([&] { (void)read_text_file(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(input_error([&] { (void)read_text_file(folder.write("empty", "")); }), HasSubstr("is empty"));

  const std::string path = (folder.path() / "good.gz").string();
  const gzFile file = gzopen(path.c_str(), "wb");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(file);
  EXPECT_EQ(read_text_file(path), text);
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  EXPECT_THAT(input_error([&] { (void)read_text_file(folder.write("cut.gz", bytes.substr(0, bytes.size() / 2))); }),
              HasSubstr("truncated"));
  std::string damaged = bytes;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_THAT(input_error([&] { (void)read_text_file(folder.write("damaged.gz", damaged)); }),
              HasSubstr("cannot be decompressed"));
}

}  // namespace
}  // namespace foldperf::trainer
