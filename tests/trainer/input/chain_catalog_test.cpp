#include "trainer/input/chain_catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/mmcif_text.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names_of(const ChainCatalog& catalog) {
  std::vector<std::string> names;
  for (const ChainSource& chain : catalog.chains) names.push_back(chain.name);
  return names;
}

std::string protein() { return testing::to_mmcif({{"ALA", "GLY"}, {{}}}); }

std::string dna() {
  testing::EntryText entry{{"DA"}, {{}}};
  entry.component_type = "'DNA linking'";
  entry.atoms[0].component = "DA";
  return testing::to_mmcif(entry);
}

ChainData data(const std::string& sequence, std::int64_t cluster = -1) {
  ChainData chain;
  chain.sequence = sequence;
  chain.release_date = "2010-01-01";
  chain.resolution = 2;
  chain.cluster_size = cluster;
  return chain;
}

// Structure files that no one can read: with a cache none is.
class CacheCatalog : public ::testing::Test {
 protected:
  CacheCatalog() {
    for (const char* name : {"1abc.cif", "2ABC.cif", "3abc.pdb", "model_1.pdb", "whole.pdb"}) {
      folder_.write(std::string("data/") + name, "x");
    }
    structures_ = open_structure_store(folder_ / "data");
    cache_ = {{"1abc_A", data("ACDEFG", 2)}, {"1abc_B", data("ACDEFGH", 4)}, {"2abc_A", data("ACD")},
              {"3abc_A", data("AAAAAA")},    {"9abc_A", data("ACD")},        {"model_1_A", data("ACDE")},
              {"whole", data("ACDE")}};
    selection_.cache = &cache_;
  }

  [[nodiscard]] ChainCatalog find(const AlignmentStore* alignments = nullptr) const {
    return find_chains(*structures_, alignments, selection_);
  }

  TemporaryFolder folder_;
  std::unique_ptr<StructureStore> structures_;
  ChainDataCache cache_;
  ChainSelection selection_;
};

TEST_F(CacheCatalog, GivesTheChainsThatHaveAStructure) {
  const ChainCatalog catalog = find();
  ASSERT_THAT(names_of(catalog), ElementsAre("1abc_A", "1abc_B", "2abc_A", "model_1_A", "whole"));
  EXPECT_EQ(catalog.chains[0].entry, "1abc");
  EXPECT_EQ(catalog.chains[0].chain, "A");
  EXPECT_EQ(catalog.chains[0].length, 6);
  EXPECT_DOUBLE_EQ(catalog.chains[0].probability, 0.25) << "of a cluster of two, and short";
  EXPECT_DOUBLE_EQ(catalog.chains[1].probability, 0.125);
  EXPECT_EQ(catalog.chains[2].entry, "2ABC") << "as its file is called";
  EXPECT_EQ(catalog.chains[3].entry, "model_1");
  EXPECT_EQ(catalog.chains[4].entry, "whole");
  EXPECT_EQ(catalog.chains[4].chain, "") << "its only one";
  EXPECT_THAT(catalog.skipped, IsEmpty());
  EXPECT_THAT(catalog.notes,
              ElementsAre("6 of 7 chains kept; left out: 1 (too much of one residue type)",
                          AllOf(HasSubstr("1 chain left out: no structure file in"), HasSubstr("(9abc_A)"))));
}

TEST_F(CacheCatalog, WhereAlignmentsAreGivenAChainNeedsOne) {
  for (const char* name : {"1abc_B", "2abc_A", "model_1", "whole"}) {
    std::filesystem::create_directories(folder_ / "alignments" / name);
  }
  const auto alignments = open_alignment_store(folder_ / "alignments");
  const ChainCatalog catalog = find(alignments.get());
  EXPECT_THAT(names_of(catalog), ElementsAre("1abc_B", "2abc_A", "model_1_A", "whole"));
  EXPECT_THAT(catalog.notes.back(), HasSubstr("1 chain left out: no alignment (1abc_A)"));
}

TEST_F(CacheCatalog, ChainsAreNamedAsTheirAlignments) {
  cache_ = {{"1ABC_A", data("ACD")}, {"3ABC_a", data("ACD")}};
  std::filesystem::create_directories(folder_ / "alignments" / "1abc_A");
  std::filesystem::create_directories(folder_ / "alignments" / "3abc_A");
  const auto alignments = open_alignment_store(folder_ / "alignments");
  EXPECT_THAT(names_of(find(alignments.get())), ElementsAre("1abc_A")) << "chains differ by case";
}

TEST_F(CacheCatalog, WantedChainsAndEntries) {
  selection_.wanted = {"1abc_B", "model_1", "1ABC", "whole"};
  EXPECT_THAT(names_of(find()), ElementsAre("1abc_B", "model_1_A", "1abc_A", "1abc_B", "whole"));
  selection_.wanted = {"1ABC_B"};
  EXPECT_THAT(names_of(find()), ElementsAre("1abc_B"));
  selection_.wanted = {"1abc_Z", "1abc_A"};
  const ChainCatalog catalog = find();
  EXPECT_THAT(names_of(catalog), ElementsAre("1abc_A"));
  EXPECT_THAT(catalog.notes, ElementsAre(HasSubstr("1 (not in the chain data cache)")));
  selection_.wanted = {"9abc_A"};
  EXPECT_THAT(input_error([&] { (void)find(); }), HasSubstr("no structure file for the chain '9abc_A'"));
}

TEST_F(CacheCatalog, ChainsNotInTheListAreOut) {
  selection_.included = {"1ABC_B", "model_1", "9abc_A", "8abc_A", "7abc_A", "6abc_A", "5abc_A", "4abc_A", "0abc_A"};
  const ChainCatalog catalog = find();
  EXPECT_THAT(names_of(catalog), ElementsAre("1abc_B", "model_1_A"));
  EXPECT_THAT(
      catalog.notes,
      ElementsAre("4 chains left out: not in the list of chains",
                  "6 chains of the list of chains not found (8abc_A, 7abc_A, 6abc_A, 5abc_A, 4abc_A and others)",
                  HasSubstr("(9abc_A)")));
}

TEST_F(CacheCatalog, NoChainLeftIsAnErrorThatSaysWhy) {
  selection_.filters.max_release_date = "2000-01-01";
  EXPECT_THAT(input_error([&] { (void)find(); }),
              AllOf(HasSubstr((folder_ / "data").string()), HasSubstr("no chain is left; 0 of 7 chains kept"),
                    HasSubstr("released after the limit")));
  selection_.filters.max_release_date = "yesterday";
  EXPECT_THROW((void)find(), UsageError);
}

TEST(StructureCatalog, ReadsEveryStructure) {
  const auto structures = open_structure_store(testing::samples_dir());
  const ChainCatalog catalog = find_chains(*structures, nullptr, {});
  EXPECT_THAT(names_of(catalog), ElementsAre("1a7g_E", "1a8o_A", "1as5_A", "1ejg_A", "1lcd_A", "1ubi_A"));
  EXPECT_EQ(catalog.chains[5].entry, "1ubi");
  EXPECT_EQ(catalog.chains[5].chain, "A");
  EXPECT_EQ(catalog.chains[5].length, 76);
  EXPECT_EQ(catalog.chains[5].probability, 1);
  EXPECT_THAT(catalog.skipped, IsEmpty());
  EXPECT_THAT(catalog.notes, IsEmpty());
}

TEST(StructureCatalog, WantedChainsAndEntries) {
  const TemporaryFolder folder;
  folder.write("model_1.cif", protein());
  folder.write("1DNA.cif", dna());
  folder.write("2ABC.cif", protein());
  const auto structures = open_structure_store(folder.path());
  const auto find = [&](const std::vector<std::string>& wanted) {
    ChainSelection selection;
    selection.wanted = wanted;
    return find_chains(*structures, nullptr, selection);
  };
  EXPECT_THAT(names_of(find({"model_1"})), ElementsAre("model_1_A"));
  EXPECT_THAT(names_of(find({"2abc_A", "model_1_A", "2ABC_A"})), ElementsAre("2abc_A", "model_1_A", "2ABC_A"));
  EXPECT_EQ(find({"2abc_A"}).chains.at(0).entry, "2ABC");
  EXPECT_THAT(names_of(find({"2abc"})), ElementsAre("2ABC_A"));
  EXPECT_THAT(input_error([&] { (void)find({"model_1_B"}); }), AllOf(HasSubstr("model_1.cif"), HasSubstr("'B'")));
  EXPECT_THAT(input_error([&] {
                (void)find({"2abc_A", "9xyz_A"});
              }),
              HasSubstr("no structure file for the chain '9xyz_A' (expected a name like 1DNA_A)"));
  const ChainCatalog catalog = find({"1dna", "2abc"});
  ASSERT_EQ(catalog.skipped.size(), 1U);
  EXPECT_EQ(catalog.skipped[0].structure.filename(), "1DNA.cif");
  EXPECT_THAT(catalog.skipped[0].reason, HasSubstr("DNA"));
  EXPECT_THAT(input_error([&] { (void)find({"1dna"}); }), HasSubstr("no protein chain in its 1 structure files"));
}

TEST(StructureCatalog, OfAListTheOtherStructuresAreNotRead) {
  const TemporaryFolder folder;
  folder.write("1abc.cif", protein());
  folder.write("2abc.cif", "damaged");
  const auto structures = open_structure_store(folder.path());
  EXPECT_THAT(input_error([&] { (void)find_chains(*structures, nullptr, {}); }), HasSubstr("2abc.cif"));
  ChainSelection selection;
  selection.included = {"1abc_A", "1abc_B"};
  const ChainCatalog catalog = find_chains(*structures, nullptr, selection);
  EXPECT_THAT(names_of(catalog), ElementsAre("1abc_A"));
  EXPECT_THAT(catalog.notes, ElementsAre("1 entry left out: not in the list of chains",
                                         "1 chain of the list of chains not found (1abc_B)"));
  selection.included = {"1abc_B"};
  EXPECT_THAT(input_error([&] { (void)find_chains(*structures, nullptr, selection); }),
              HasSubstr("no chain is left; 1 entry and 1 chain left out: not in the list of chains"));
}

TEST(StructureCatalog, AlignmentsNameAChainButAreNotNeeded) {
  const TemporaryFolder folder;
  folder.write("data/1ABC.cif", protein());
  folder.write("data/2ABC.cif", protein());
  folder.write("alignments/1abc_A/a.a3m", "x");
  const auto structures = open_structure_store(folder / "data");
  const auto alignments = open_alignment_store(folder / "alignments");
  EXPECT_THAT(names_of(find_chains(*structures, alignments.get(), {})), ElementsAre("1abc_A", "2ABC_A"));
}

}  // namespace
}  // namespace foldperf::trainer
