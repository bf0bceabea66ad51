#include "trainer/input/alignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/alignment_folder.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ::foldperf::testing::input_error;

TEST(A3m, InsertionsAreCountedBeforeTheNextColumn) {
  const Alignment alignment =
      parse_a3m("#comment\n>query\nACD\nEF\n\n>other text\nA-cdeDEfF\r\n>third\nACDEFgg\n", "x.a3m");
  EXPECT_THAT(alignment.sequences, ElementsAre("ACDEF", "A-DEF", "ACDEF"));
  EXPECT_THAT(alignment.deletions, ElementsAre(0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(alignment.descriptions, ElementsAre("query", "other text", "third"));
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
  EXPECT_THAT(alignment.sequences, ElementsAre("ACDEF", "A-EE-"));
  EXPECT_THAT(alignment.deletions, ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 2, 0));
  EXPECT_THAT(alignment.descriptions, ElementsAre("query", "other"));
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

TEST(AlignmentFolder, FilesComeSortedAndWithoutThoseOfMultimersAndTemplates) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"b.sto", "a.a3m", "uniprot_hits.sto", "hmm_output.sto", "pdb70_hits.hhr", "c.a3m.gz"})
    folder.write(name, "x");
  std::vector<std::string> names;
  for (const auto& file : alignment_files(folder.path())) names.push_back(file.filename().string());
  EXPECT_THAT(names, ElementsAre("a.a3m", "b.sto", "c.a3m.gz"));
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
