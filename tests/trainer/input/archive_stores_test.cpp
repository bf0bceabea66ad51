#include "trainer/input/archive_stores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/input/archive_writer.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;

using ::foldperf::testing::input_error;
using ::foldperf::testing::read_file;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* a3m = ">query\nACD\n>hit\nA-D\n";

class ArchiveStores : public ::testing::Test {
 protected:
  void write(const std::map<std::string, std::string>& files, const std::map<std::string, std::string>& links = {}) {
    ArchiveWriter writer(file_, {.overwrite = true});
    for (const auto& [name, bytes] : files) writer.add(name, pack_bytes(bytes));
    for (const auto& [name, target] : links) writer.add_link(name, target);
    writer.finish();
  }
  [[nodiscard]] std::unique_ptr<StructureStore> structures() const { return open_structure_store(file_); }
  [[nodiscard]] std::unique_ptr<AlignmentStore> alignments() const { return open_alignment_store(file_); }

  TemporaryFolder folder_;
  fs::path file_ = folder_ / "x.sqlar";
};

std::vector<std::string> names_of(const std::vector<AlignmentFile>& files) {
  std::vector<std::string> names;
  for (const AlignmentFile& file : files) names.push_back(file.name);
  return names;
}

TEST_F(ArchiveStores, StructuresAreReadAsFromAFolder) {
  const fs::path samples = testing::samples_dir();
  write({{"structures/1ubi.pdb", read_file(samples / "1ubi.pdb")},
         {"structures/as/1as5.cif.gz", read_file(samples / "1as5.cif.gz")},
         {"structures/1A8O.cif", read_file(samples / "1a8o.cif")},
         {"structures/pdb1a8p.ent", read_file(testing::project_dir() / "tests/data/structures/1a8o.pdb")},
         {"structures/1ubi.ent", "x"},
         {"structures/README", "x"},
         {"1top.cif", "x"}});
  const auto store = structures();
  EXPECT_EQ(store->name(), file_.string());
  EXPECT_THAT(store->entries(), ElementsAre("1A8O", "1a8p", "1as5", "1ubi"));
  EXPECT_EQ(store->find("1a8o"), "1A8O");
  EXPECT_EQ(store->path("1as5"), file_.string() + "(structures/as/1as5.cif.gz)");
  EXPECT_EQ(store->file("1as5").name, "1as5.cif");
  const auto folder = open_structure_store(samples);
  for (const std::string entry : {"1as5", "1a8o"}) {
    const StructureEntry ours = store->read(entry);
    const StructureEntry expected = folder->read(entry);
    ASSERT_EQ(ours.chains.size(), expected.chains.size());
    EXPECT_EQ(ours.chains[0].sequence, expected.chains[0].sequence);
    EXPECT_EQ(ours.chains[0].atom_positions, expected.chains[0].atom_positions);
    EXPECT_EQ(ours.chains[0].release_date, expected.chains[0].release_date);
  }
  EXPECT_EQ(store->read("1a8o").chains.at(0).name(), "1A8O_A");
  EXPECT_EQ(store->read("1a8p").chains.at(0).name(), "1a8p_A");
  EXPECT_THAT(input_error([&] { (void)store->read("9abc"); }), AllOf(HasSubstr("x.sqlar"), HasSubstr("'9abc'")));
}

TEST_F(ArchiveStores, AlignmentsAreReadAsFromAFolder) {
  write({{"alignments/1abc_A/b.a3m", a3m},
         {"alignments/1abc_A/a.sto", "x"},
         {"alignments/1abc_A/uniprot_hits.sto", "x"},
         {"alignments/1abc_A/c.hhr", "hits"},
         {"alignments/1abc_A/deeper/d.a3m", a3m},
         {"alignments/1abc_A-2/d.a3m", a3m},
         {"alignments/1abc/e.a3m", a3m}});
  const auto store = alignments();
  EXPECT_THAT(store->chains(), ElementsAre("1abc", "1abc_A", "1abc_A-2"));
  EXPECT_THAT(names_of(store->files("1abc_A")), ElementsAre("a.sto", "b.a3m", "c.hhr", "uniprot_hits.sto"));
  EXPECT_THAT(names_of(store->files("1abc_A", AlignmentFileKind::alignment)), ElementsAre("a.sto", "b.a3m"));
  EXPECT_EQ(store->files("1abc_A", AlignmentFileKind::template_hits).at(0).bytes, "hits");
  EXPECT_EQ(store->files("1abc_A").at(0).path, file_.string() + "(alignments/1abc_A/a.sto)");
  EXPECT_THAT(names_of(store->files("1abc_B")), ElementsAre("e.a3m")) << "the entry's";
  EXPECT_THAT(store->files("2abc_A"), IsEmpty());
  EXPECT_THAT(store->files(""), IsEmpty());
  EXPECT_TRUE(store->contains("1abc_A"));
  EXPECT_TRUE(store->contains("1abc_B"));
  EXPECT_FALSE(store->contains("2abc_A"));
  EXPECT_FALSE(store->contains(""));
  EXPECT_EQ(parse_alignment(store->files("1abc_B").at(0)).depth(), 2U);
}

TEST_F(ArchiveStores, LinkedChainsShareFiles) {
  write({{"alignments/1abc_A/b.a3m", a3m}, {"other/a.a3m", a3m}}, {{"alignments/2abc_A", "1abc_A"},
                                                                   {"alignments/3abc_A", "2abc_A"},
                                                                   {"alignments/4abc_A", "../other"},
                                                                   {"alignments/5abc_A/a.a3m", "../1abc_A/b.a3m"},
                                                                   {"alignments/6abc_A", "../.."},
                                                                   {"alignments/7abc_A/folder", "../1abc_A"}});
  const auto store = alignments();
  EXPECT_EQ(store->source("1abc_A"), store->source("3abc_A"));
  EXPECT_NE(store->source("1abc_A"), store->source("4abc_A"));
  EXPECT_EQ(store->source("9abc_A"), "");
  EXPECT_EQ(store->files("3abc_A").at(0).path, file_.string() + "(alignments/1abc_A/b.a3m)");
  EXPECT_THAT(names_of(store->files("4abc_A")), ElementsAre("a.a3m"));
  EXPECT_EQ(store->files("5abc_A").at(0).bytes, a3m);
  EXPECT_THAT(input_error([&] { (void)store->files("6abc_A"); }),
              AllOf(HasSubstr("x.sqlar(alignments/6abc_A)"), HasSubstr("out of the archive")));
  EXPECT_THAT(input_error([&] { (void)store->files("7abc_A"); }), HasSubstr("no such file in the archive"));
}

TEST_F(ArchiveStores, CompressedFilesAreUnpackedAndBadOnesNamed) {
  // Made by Python's gzip.compress(b"ACDE", mtime=0).
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\x74\x76\x71\x05\x00\xc3\xec\x93\xe2\x04\x00\x00\x00", 24);
  write({{"alignments/1abc_A/a.a3m.gz", packed},
         {"alignments/1abc_A/b.a3m", "plain"},
         {"alignments/1abc_A/b.a3m.gz", packed},
         {"alignments/2abc_A/a.a3m.gz", packed.substr(0, 20)},
         {"alignments/3abc_A/a.a3m", ""},
         {"structures/1abc.cif", "x"}});
  const auto store = alignments();
  const auto files = store->files("1abc_A");
  ASSERT_THAT(names_of(files), ElementsAre("a.a3m", "b.a3m"));
  EXPECT_EQ(files[0].bytes, "ACDE");
  EXPECT_EQ(files[1].bytes, "plain") << "the one that needs no unpacking";
  EXPECT_THAT(input_error([&] { (void)store->files("2abc_A"); }),
              AllOf(HasSubstr("x.sqlar(alignments/2abc_A/a.a3m.gz)"), HasSubstr("truncated")));
  EXPECT_THAT(input_error([&] { (void)store->files("3abc_A"); }), HasSubstr("(alignments/3abc_A/a.a3m): is empty"));
  EXPECT_THAT(input_error([&] { (void)structures()->read("1abc"); }), HasSubstr("x.sqlar(structures/1abc.cif)"));
}

TEST_F(ArchiveStores, AnArchiveWithoutWhatIsAskedForIsNamed) {
  write({{"elsewhere/1abc.cif", "x"}, {"chain_data_cache.json", "{}"}});
  EXPECT_THAT(input_error([&] { (void)structures(); }), AllOf(HasSubstr("x.sqlar"), HasSubstr("under structures/")));
  EXPECT_THAT(input_error([&] { (void)alignments(); }), AllOf(HasSubstr("x.sqlar"), HasSubstr("under alignments/")));
  const auto cache = read_archived_text(file_, archived_chain_data_cache);
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->text, "{}");
  EXPECT_EQ(cache->path, file_.string() + "(chain_data_cache.json)");
  EXPECT_FALSE(read_archived_text(file_, archived_mmcif_cache));
}

}  // namespace
}  // namespace foldperf::trainer
