#include "trainer/input/alignment_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* a3m = ">query\nACD\n>hit\nA-D\n";

std::vector<std::string> names_of(const std::vector<AlignmentFile>& files) {
  std::vector<std::string> names;
  for (const AlignmentFile& file : files) names.push_back(file.name);
  return names;
}

TEST(AlignmentFiles, AreKnownByTheirNames) {
  EXPECT_EQ(alignment_file_kind("uniref90_hits.sto"), AlignmentFileKind::alignment);
  EXPECT_EQ(alignment_file_kind("bfd_uniclust_hits.a3m.gz"), AlignmentFileKind::alignment);
  EXPECT_EQ(alignment_file_kind("uniprot_hits.sto"), AlignmentFileKind::other);
  EXPECT_EQ(alignment_file_kind("hmm_output.sto.gz"), AlignmentFileKind::other);
  EXPECT_EQ(alignment_file_kind("pdb70_hits.hhr"), AlignmentFileKind::template_hits);
  EXPECT_EQ(alignment_file_kind("notes.txt"), AlignmentFileKind::other);
  EXPECT_EQ(alignment_file_kind(""), AlignmentFileKind::other);
  EXPECT_EQ(alignment_file_kind(".gz"), AlignmentFileKind::other);
}

TEST(AlignmentStore, ReadsFoldersOfChainsAndOfEntries) {
  const TemporaryFolder folder;
  folder.write("1abc_A/b.a3m", a3m);
  folder.write("1abc_A/a.sto", "x");
  folder.write("1abc_A/uniprot_hits.sto", "x");
  folder.write("1abc_A/c.hhr", "hits");
  folder.write("1abc_A/deeper/d.a3m", a3m);
  folder.write("1abc/e.a3m", a3m);
  const auto store = open_alignment_store(folder.path());
  EXPECT_THAT(store->chains(), ElementsAre("1abc", "1abc_A"));
  EXPECT_THAT(names_of(store->files("1abc_A")), ElementsAre("a.sto", "b.a3m", "c.hhr", "uniprot_hits.sto"));
  EXPECT_THAT(names_of(store->files("1abc_A", AlignmentFileKind::alignment)), ElementsAre("a.sto", "b.a3m"));
  EXPECT_EQ(store->files("1abc_A", AlignmentFileKind::template_hits).at(0).bytes, "hits");
  EXPECT_THAT(names_of(store->files("1abc_B")), ElementsAre("e.a3m")) << "the entry's";
  EXPECT_THAT(store->files("2abc_A"), IsEmpty());
  EXPECT_THAT(store->files("2abc_A", AlignmentFileKind::alignment), IsEmpty());
  EXPECT_TRUE(store->contains("1abc_A"));
  EXPECT_TRUE(store->contains("1abc_B")) << "the entry's";
  EXPECT_TRUE(store->contains("1abc"));
  for (const char* name : {"2abc_A", "", "_A", "._A", ".."}) EXPECT_FALSE(store->contains(name)) << name;
  const std::vector<std::string> wanted = {"c.hhr", "z.a3m"};
  EXPECT_THAT(names_of(store->files("1abc_A", wanted)), ElementsAre("c.hhr"));
}

TEST(AlignmentStore, ReadsCompressedFiles) {
  // Made by Python's gzip.compress(b"ACDE", mtime=0).
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\x74\x76\x71\x05\x00\xc3\xec\x93\xe2\x04\x00\x00\x00", 24);
  const TemporaryFolder folder;
  folder.write("1abc_A/a.a3m.gz", packed);
  folder.write("1abc_A/b.a3m.gz", packed);
  folder.write("1abc_A/b.a3m", "plain");
  const auto files = open_alignment_store(folder.path())->files("1abc_A");
  ASSERT_THAT(names_of(files), ElementsAre("a.a3m", "b.a3m"));
  EXPECT_EQ(files[0].bytes, "ACDE");
  EXPECT_THAT(files[0].path, HasSubstr("1abc_A/a.a3m.gz"));
  EXPECT_EQ(files[1].bytes, "plain") << "the one that needs no unpacking";
}

TEST(AlignmentStore, ReadsADatabase) {
  const TemporaryFolder folder;
  const std::string bytes = std::string("#hits") + a3m + "\x1f\x8b";
  folder.write("x.db", bytes);
  const std::string size = std::to_string(bytes.size() - 7);
  const auto store =
      open_alignment_store(folder.write("x.index", R"({"1abc_A": [["c.hhr", 0, 5], ["b.a3m", 5, )" + size +
                                                       R"(]], "2abc_A": [["b.a3m", 0, 0]], "3abc_A": [["b.a3m", )" +
                                                       std::to_string(bytes.size() - 2) + ", 2]]}"));
  EXPECT_THAT(store->chains(), ElementsAre("1abc_A", "2abc_A", "3abc_A"));
  EXPECT_THAT(names_of(store->files("1abc_A")), ElementsAre("b.a3m", "c.hhr")) << "the order of a folder's files";
  EXPECT_TRUE(store->contains("2abc_A"));
  EXPECT_FALSE(store->contains("2abc_B"));
  const auto files = store->files("1abc_A", AlignmentFileKind::alignment);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(parse_alignment(files[0]).depth(), 2U);
  EXPECT_THAT(store->files("9abc_A"), IsEmpty());
  EXPECT_THAT(input_error([&] { (void)store->files("2abc_A"); }), HasSubstr("x.db(2abc_A/b.a3m): is empty"));
  EXPECT_THAT(input_error([&] { (void)store->files("3abc_A"); }), HasSubstr("x.db(3abc_A/b.a3m): is compressed"));
}

TEST(AlignmentStore, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  folder.write("1abc_A/a.a3m", "");
  folder.write("1abc_A/b.a3m", "x\n");
  const auto store = open_alignment_store(folder.path());
  EXPECT_THAT(input_error([&] { (void)store->files("1abc_A"); }), HasSubstr("1abc_A/a.a3m: is empty"));
  EXPECT_THAT(input_error([&] { (void)parse_alignment({"b.a3m", "x\n", "there/b.a3m"}); }), HasSubstr("there/b.a3m:1"));
  for (const char* name : {"", ".", "..", "../1abc_A", "a/b"}) {
    EXPECT_THAT(input_error([&] { (void)store->files(name); }), HasSubstr("is no name of a chain")) << name;
  }
  EXPECT_THAT(store->files(".._A"), IsEmpty());
  EXPECT_THAT(input_error([&] { (void)open_alignment_store(folder / "none"); }), HasSubstr("none: no such alignments"));
  EXPECT_THAT(input_error([] { (void)open_alignment_store("/dev/null"); }), HasSubstr("neither a folder nor an index"));
  EXPECT_THAT(input_error([&] { (void)open_alignment_store(folder / "1abc_A/b.a3m"); }), HasSubstr("not valid JSON"));
}

TEST(AlignmentStore, OpenProteinSetsFoldersAreReadAsTheyCome) {
  const foldperf::testing::TemporaryFolder folder;
  folder.write("1ubi_A/a3m/uniref90_hits.a3m", ">q\nMQ\n");
  folder.write("1ubi_A/hhr/pdb70_hits.hhr", "hits");
  folder.write("1ubi_A/pdb/1ubi_A.pdb", "a prediction");
  const auto store = open_alignment_store(folder.path());
  EXPECT_THAT(store->file_names("1ubi_A"), ::testing::ElementsAre("pdb70_hits.hhr", "uniref90_hits.a3m"));
  EXPECT_EQ(store->files("1ubi_A", AlignmentFileKind::alignment).at(0).bytes, ">q\nMQ\n");
  EXPECT_EQ(store->files("1ubi_A", AlignmentFileKind::template_hits).at(0).bytes, "hits");
}

}  // namespace
}  // namespace foldperf::trainer
