#include "trainer/input/structure_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/mmcif_text.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string protein() { return testing::to_mmcif({{"ALA", "GLY"}, {{}}}); }

TEST(StructureStore, ReadsTheSamplesAsTheirFilesAre) {
  const auto store = open_structure_store(testing::samples_dir());
  EXPECT_THAT(store->entries(), ElementsAre("1a7g", "1a8o", "1as5", "1ejg", "1lcd", "1ubi"));
  for (const std::string& entry : store->entries()) {
    const StructureEntry read = store->read(entry);
    const StructureEntry expected = read_structure(store->path(entry));
    EXPECT_EQ(read.entry, entry);
    EXPECT_EQ(read.path, expected.path);
    ASSERT_EQ(read.chains.size(), expected.chains.size()) << entry;
    for (std::size_t i = 0; i < read.chains.size(); ++i) {
      EXPECT_EQ(read.chains[i].name(), expected.chains[i].name());
      EXPECT_EQ(read.chains[i].sequence, expected.chains[i].sequence);
      EXPECT_EQ(read.chains[i].atom_positions, expected.chains[i].atom_positions);
    }
  }
  const StructureFile packed = store->file("1as5");
  EXPECT_EQ(packed.name, "1as5.cif");
  EXPECT_THAT(packed.bytes, HasSubstr("_atom_site.Cartn_x"));
  EXPECT_THAT(packed.path, EndsWith("1as5.cif.gz"));
}

TEST(StructureStore, ReadsTheDividedLayout) {
  const TemporaryFolder folder;
  folder.write("ab/1abc.cif", protein());
  folder.write("ab/2abx.cif", protein());
  folder.write("xy/pdb1xyz.ent", testing::read_file(testing::project_dir() / "tests/data/structures/1a8o.pdb"));
  folder.write("old/1old.cif", protein());
  folder.write("ab/cd/1dcd.cif", protein());
  folder.write("1top.cif", protein());
  fs::create_directory(folder / "zz");
  fs::create_directory(folder / "1dir.cif");
  const auto store = open_structure_store(folder.path());
  EXPECT_THAT(store->entries(), ElementsAre("1abc", "1top", "1xyz", "2abx"));
  EXPECT_EQ(store->read("1xyz").chains.at(0).name(), "1xyz_A");
  EXPECT_EQ(store->read("2abx").chains.at(0).name(), "2abx_A");
}

TEST(StructureStore, OfAnEntryTheMmcifFileCountsAndTheOneInNoSubfolder) {
  const TemporaryFolder folder;
  folder.write("1abc.pdb", "x");
  folder.write("1abc.cif.gz", "x");
  folder.write("1abc.ent", "x");
  folder.write("2abc.pdb", "x");
  folder.write("ab/1abc.cif", "x");
  folder.write("ab/2abc.cif", "x");
  const auto store = open_structure_store(folder.path());
  EXPECT_EQ(store->path("1abc"), folder / "1abc.cif.gz");
  EXPECT_EQ(store->path("2abc"), folder / "ab/2abc.cif");
}

TEST(StructureStore, NamesAreFoundAsWrittenThenRegardlessOfCase) {
  const TemporaryFolder folder;
  folder.write("1ABC.cif", protein());
  folder.write("2ABC.cif", protein());
  folder.write("2abc.cif", protein());
  folder.write("3abc.cif", protein());
  const auto store = open_structure_store(folder.path());
  EXPECT_EQ(store->find("1abc"), "1ABC");
  EXPECT_EQ(store->find("1aBc"), "1ABC");
  EXPECT_EQ(store->find("2ABC"), "2ABC");
  EXPECT_EQ(store->find("2abc"), "2abc");
  EXPECT_EQ(store->find("2Abc"), "2abc");
  EXPECT_EQ(store->find("3ABC"), "3abc");
  EXPECT_EQ(store->find("4abc"), std::nullopt);
  EXPECT_TRUE(store->contains("1abc"));
  EXPECT_FALSE(store->contains(""));
  EXPECT_EQ(store->read("1abc").chains.at(0).name(), "1ABC_A");
}

TEST(StructureStore, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(input_error([&] { (void)open_structure_store(folder / "none"); }),
              AllOf(HasSubstr("none"), HasSubstr("no such data folder")));
  EXPECT_THAT(input_error([&] { (void)open_structure_store(folder.path()); }), HasSubstr("holds no structure file"));
  EXPECT_THAT(input_error([&] { (void)open_structure_store(folder.write("1abc.cif", "x")); }),
              HasSubstr("is no folder"));
  const auto store = open_structure_store(folder.path());
  EXPECT_THAT(input_error([&] { (void)store->read("2abc"); }),
              AllOf(HasSubstr(folder.path().string()), HasSubstr("'2abc'")));
  EXPECT_THAT(input_error([&] { (void)store->path("2abc"); }), HasSubstr("'2abc'"));
  EXPECT_THAT(input_error([&] { (void)store->read("1abc"); }), HasSubstr("1abc.cif"));
  fs::remove(folder / "1abc.cif");
  EXPECT_THAT(input_error([&] { (void)store->read("1abc"); }), HasSubstr("1abc.cif: no such file"));
}

}  // namespace
}  // namespace foldperf::trainer
