#include "trainer/input/structure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::AtomLine;
using ::foldperf::testing::EntryText;
using ::foldperf::testing::to_mmcif;
using ::testing::AllOf;
using ::testing::HasSubstr;

using ::foldperf::testing::input_error;

AtomLine atom(int position, const std::string& component, const std::string& name, const std::string& x = "1.0") {
  AtomLine line;
  line.position = position;
  line.component = component;
  line.name = name;
  line.x = x;
  return line;
}

ProteinChain read(const EntryText& entry, const StructureOptions& options = {}) {
  return find_chain(parse_mmcif(to_mmcif(entry), "test.cif", options), "A");
}

float x_of(const ProteinChain& chain, std::size_t residue, const std::string& name) {
  return chain.atom_positions[(residue * atom37_count + static_cast<std::size_t>(*atom37_index(name))) * 3];
}
float mask_of(const ProteinChain& chain, std::size_t residue, const std::string& name) {
  return chain.atom_mask[residue * atom37_count + static_cast<std::size_t>(*atom37_index(name))];
}

TEST(Mmcif, UnresolvedResiduesStayInTheSequence) {
  const ProteinChain chain = read({{"ALA", "GLY", "MSE", "XYZ"}, {atom(2, "GLY", "CA", "5.0"), atom(4, "XYZ", "CA")}});
  EXPECT_EQ(chain.sequence, "AGMX");
  EXPECT_THAT(chain.is_missing, ::testing::ElementsAre(1, 0, 1, 0));
  EXPECT_EQ(x_of(chain, 1, "CA"), 5.0F);
  EXPECT_EQ(mask_of(chain, 0, "CA"), 0.0F);
  EXPECT_EQ(chain.name(), "test_A");
}

TEST(Mmcif, TheHighestOccupancyWinsAndTheFirstOfEquals) {
  EntryText entry{{"ALA"}, {}};
  const auto add = [&](const char* name, const char* altloc, const char* occupancy, const char* x) {
    AtomLine line = atom(1, "ALA", name, x);
    line.altloc = altloc;
    line.occupancy = occupancy;
    entry.atoms.push_back(line);
  };
  add("N", "A", "0.4", "1");
  add("N", "B", "0.6", "2");
  add("CA", "A", "0.5", "3");
  add("CA", "B", "0.5", "4");
  const ProteinChain chain = read(entry);
  EXPECT_EQ(x_of(chain, 0, "N"), 2.0F);
  EXPECT_EQ(x_of(chain, 0, "CA"), 3.0F);
}

TEST(Mmcif, SeleniumTakesTheSulphursPlaceOnlyInSelenomethionine) {
  const ProteinChain chain =
      read({{"MSE", "MET"}, {atom(1, "MSE", "SE", "7"), atom(2, "MET", "SE", "8"), atom(2, "MET", "CA")}});
  EXPECT_EQ(x_of(chain, 0, "SD"), 7.0F);
  EXPECT_EQ(mask_of(chain, 1, "SD"), 0.0F);
}

TEST(Mmcif, ArgininesNh1IsTheOneNearCd) {
  const ProteinChain chain =
      read({{"ARG"}, {atom(1, "ARG", "CD", "0"), atom(1, "ARG", "NH1", "9"), atom(1, "ARG", "NH2", "3")}});
  EXPECT_EQ(x_of(chain, 0, "NH1"), 3.0F);
  EXPECT_EQ(x_of(chain, 0, "NH2"), 9.0F);
}

TEST(Mmcif, OnlyTheFirstModelCounts) {
  EntryText entry{{"ALA"}, {atom(1, "ALA", "CA", "1"), atom(1, "ALA", "CA", "2"), atom(1, "ALA", "CB", "3")}};
  entry.atoms[1].model = entry.atoms[2].model = 2;
  const ProteinChain chain = read(entry);
  EXPECT_EQ(x_of(chain, 0, "CA"), 1.0F);
  EXPECT_EQ(mask_of(chain, 0, "CB"), 0.0F);
}

TEST(Mmcif, OfHeterogeneousResiduesTheFirstOneStaysUnlessOpenFoldsQuirkIsAskedFor) {
  EntryText entry{{"ALA", "SER", "GLY", "VAL"},
                  {atom(1, "ALA", "CA"), atom(2, "SER", "CA", "2"), atom(3, "VAL", "CA", "3")}};
  entry.numbers = {1, 2, 2, 3};
  EXPECT_EQ(read(entry).sequence, "ASV");
  EXPECT_EQ(x_of(read(entry), 2, "CA"), 3.0F);
  StructureOptions options;
  options.repeat_heterogeneous_residues = true;
  EXPECT_EQ(read(entry, options).sequence, "ASGV");
}

TEST(Mmcif, ResolutionAndReleaseDate) {
  EntryText entry{{"ALA"}, {atom(1, "ALA", "CA")}};
  EXPECT_EQ(read(entry).resolution, 0.0);
  EXPECT_EQ(read(entry).release_date, "");
  entry.extra =
      "_refine.ls_d_res_high ?\n_reflns.d_resolution_high 2.5\nloop_\n_pdbx_audit_revision_history.ordinal\n"
      "_pdbx_audit_revision_history.revision_date\n1 2005-03-01\n2 2004-01-31\n";
  EXPECT_EQ(read(entry).resolution, 2.5);
  EXPECT_EQ(read(entry).release_date, "2004-01-31");
}

TEST(Mmcif, AnEntryOfDnaOnlyHasNoProteinChain) {
  EntryText entry{{"DA", "DC"}, {atom(1, "DA", "P"), atom(2, "DC", "P")}};
  entry.component_type = "'DNA linking'";
  const StructureEntry read_entry = parse_mmcif(to_mmcif(entry), "dna.cif");
  EXPECT_TRUE(read_entry.chains.empty());
  EXPECT_THAT(read_entry.other_chains, ::testing::ElementsAre("A"));
  EXPECT_THAT(input_error([&] { (void)find_chain(read_entry, "A"); }),
              AllOf(HasSubstr("dna.cif"), HasSubstr("no protein chain")));
}

TEST(Mmcif, AChainThatIsNotThereIsNamedWithThoseThatAre) {
  const StructureEntry entry = parse_mmcif(to_mmcif({{"ALA"}, {atom(1, "ALA", "CA")}}), "test.cif");
  EXPECT_THAT(input_error([&] { (void)find_chain(entry, "Q"); }),
              AllOf(HasSubstr("test.cif"), HasSubstr("'Q'"), HasSubstr("are A")));
  EXPECT_EQ(find_chain(entry, "").chain, "A");
}

TEST(Mmcif, BadNumbersAreNamed) {
  EntryText entry{{"ALA"}, {atom(1, "ALA", "CA", "1.2.3")}};
  EXPECT_THAT(input_error([&] { (void)read(entry); }), AllOf(HasSubstr("Cartn_x"), HasSubstr("1.2.3")));
  entry.atoms[0].x = "nan";
  EXPECT_THAT(input_error([&] { (void)read(entry); }), HasSubstr("Cartn_x"));
}

// A file of the archive, cut anywhere: always an error that names the file, never a shorter chain.
TEST(Mmcif, ATruncatedFileIsRefusedWhereverItIsCut) {
  const std::string text = read_text_file(testing::samples_dir() / "1a8o.cif");
  const std::size_t last_atom = text.rfind("\nHETATM");
  ASSERT_NE(last_atom, std::string::npos);
  for (std::size_t cut = 1; cut < last_atom; cut += 997) {
    EXPECT_THAT(input_error([&] { (void)parse_mmcif(text.substr(0, cut), "cut.cif"); }), HasSubstr("cut.cif")) << cut;
  }
  // At the end of a line of the atom table.
  const std::size_t middle = text.find("\nATOM", last_atom / 2);
  EXPECT_THAT(input_error([&] { (void)parse_mmcif(text.substr(0, middle + 1), "cut.cif"); }), HasSubstr("truncated"));
  EXPECT_THAT(input_error([&] { (void)parse_mmcif(text.substr(0, middle + 30), "cut.cif"); }),
              ::testing::ContainsRegex("cut.cif:[0-9]+:"));
}

TEST(Pdb, BothFormatsOfAnEntryGiveTheSameChain) {
  const auto from_mmcif = read_structure(testing::samples_dir() / "1a8o.cif");
  const auto from_pdb = read_structure(testing::project_dir() / "tests" / "data" / "structures" / "1a8o.pdb");
  ASSERT_EQ(from_mmcif.chains.size(), from_pdb.chains.size());
  const ProteinChain& a = find_chain(from_mmcif, "A");
  const ProteinChain& b = find_chain(from_pdb, "A");
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.is_missing, b.is_missing);
  EXPECT_EQ(a.atom_mask, b.atom_mask);
  EXPECT_EQ(a.atom_positions, b.atom_positions);
  EXPECT_EQ(a.resolution, b.resolution);
}

TEST(Pdb, MicroheterogeneityFollowsSeqres) {
  const ProteinChain chain = find_chain(read_structure(testing::samples_dir() / "1ejg.pdb"), "A");
  EXPECT_EQ(chain.sequence, "TTCCPSIVARSNFNVCRLPGTPEALCATYTGCIIIPGATCPGDYAN");
  EXPECT_DOUBLE_EQ(chain.resolution, 0.54);
  EXPECT_EQ(chain.release_date, "2000-04-05");
  EXPECT_EQ(std::count(chain.is_missing.begin(), chain.is_missing.end(), 1), 0);
}

TEST(Pdb, PredictionsAreMaskedByConfidence) {
  const std::string text =
      "ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00 90.00           N\n"
      "ATOM      2  CA  ALA A   1      11.639   6.071  -5.147  1.00 40.00           C\n"
      "ATOM      3  N   FOO A   2      12.000   6.000  -5.000  1.00 50.00           N\n"
      "END\n";
  StructureOptions options;
  options.treat_pdb_as_distillation = true;
  const ProteinChain chain = find_chain(parse_pdb(text, "prediction.pdb", options), "A");
  EXPECT_EQ(chain.sequence, "AX");
  EXPECT_TRUE(chain.is_distillation);
  EXPECT_EQ(mask_of(chain, 0, "CA"), 1.0F);
  EXPECT_EQ(mask_of(chain, 1, "N"), 0.0F);
}

TEST(Pdb, AFileWithoutAtomsIsRefused) {
  EXPECT_THAT(input_error([] { (void)parse_pdb("HEADER    NOTHING\nEND\n", "empty.pdb"); }), HasSubstr("empty.pdb"));
}

TEST(Structure, NamesOfFiles) {
  EXPECT_EQ(entry_name("a/1ubi.cif.gz"), "1ubi");
  EXPECT_EQ(entry_name("pdb1ubi.ent.gz"), "1ubi");
  EXPECT_EQ(entry_name("model_1.pdb"), "model_1");
  EXPECT_TRUE(is_structure_file("x.mmcif"));
  EXPECT_FALSE(is_structure_file("x.txt"));
  EXPECT_THAT(input_error([] { (void)read_structure("x.txt"); }), HasSubstr("no structure file by its name"));
}

TEST(Structure, AnUnreadableCompressedFileIsNamed) {
  const testing::TemporaryFolder folder;
  const std::string bytes = [] {
    std::ifstream stream(testing::samples_dir() / "1as5.cif.gz", std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(stream)), {});
  }();
  const auto path = folder.write("1as5.cif.gz", bytes.substr(0, bytes.size() / 3));
  EXPECT_THAT(input_error([&] { (void)read_structure(path); }),
              AllOf(HasSubstr("1as5.cif.gz"), HasSubstr("truncated")));
}

}  // namespace
}  // namespace foldperf::trainer
