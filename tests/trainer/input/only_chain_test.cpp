// Reading one chain of a structure file gives what reading all of it does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/mmcif_excerpt.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::input_error;

void expect_same(const ProteinChain& a, const ProteinChain& b) {
  EXPECT_EQ(a.entry, b.entry);
  EXPECT_EQ(a.chain, b.chain);
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_TRUE(a.atom_positions == b.atom_positions);
  EXPECT_TRUE(a.atom_mask == b.atom_mask);
  EXPECT_TRUE(a.is_missing == b.is_missing);
  EXPECT_EQ(a.resolution, b.resolution);
  EXPECT_EQ(a.release_date, b.release_date);
  EXPECT_EQ(a.place, b.place);
  EXPECT_EQ(a.is_distillation, b.is_distillation);
}

using Parse = std::function<StructureEntry(const std::string&, const StructureOptions&)>;

StructureEntry parse_cif(const std::string& text, const StructureOptions& options) {
  return parse_mmcif(text, "x.cif", options);
}

// Reads each chain alone. How many chains there are.
std::size_t compare_chains(const std::string& text, const Parse& parse, StructureOptions options = {}) {
  const StructureEntry whole = parse(text, options);
  for (const ProteinChain& chain : whole.chains) {
    options.only_chain = chain.chain;
    const StructureEntry entry = parse(text, options);
    std::vector<ProteinChain> expected = whole.chains;  // several may share the author's id
    std::erase_if(expected, [&](const ProteinChain& other) { return other.chain != chain.chain; });
    EXPECT_EQ(entry.path, whole.path);
    EXPECT_EQ(entry.entry, whole.entry);
    EXPECT_EQ(entry.chains.size(), expected.size());
    for (std::size_t i = 0; i < std::min(expected.size(), entry.chains.size()); ++i)
      expect_same(entry.chains[i], expected[i]);
  }
  return whole.chains.size();
}

constexpr std::string_view no_categories[] = {"_entity_poly_seq."};
bool has_excerpt(const std::string& text) { return take_excerpt(text, no_categories).has_value(); }

std::vector<fs::path> structure_files() {
  std::vector<fs::path> folders = {testing::samples_dir(), testing::project_dir() / "tests" / "data"};
  if (const char* more = std::getenv("FOLDPERF_DATA_DIR")) folders.emplace_back(more);
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && is_structure_file(entry.path())) files.push_back(entry.path());
    }
  }
  return files;
}

TEST(OnlyChain, EveryChainOfEveryFileAtHand) {
  std::size_t chains = 0, excerpts = 0;
  for (const fs::path& file : structure_files()) {
    SCOPED_TRACE(file.string());
    const std::string text = read_text_file(file);
    const bool is_pdb = file.string().find(".cif") == std::string::npos;
    const Parse parse = [&](const std::string& bytes, const StructureOptions& options) {
      return is_pdb ? parse_pdb(bytes, file, options) : parse_mmcif(bytes, file, options);
    };
    excerpts += !is_pdb && has_excerpt(text) ? 1 : 0;
    try {
      (void)parse(text, {});
    } catch (const InputError&) {
      continue;  // a test file of another program, without what we need
    }
    chains += compare_chains(text, parse);
    StructureOptions options;
    options.repeat_heterogeneous_residues = true;
    compare_chains(text, parse, options);
    options.treat_pdb_as_distillation = true;
    if (is_pdb && text.find("\nMODEL") == std::string::npos) compare_chains(text, parse, options);
  }
  EXPECT_GE(chains, 10U);
  EXPECT_GE(excerpts, 5U);
}

// An entry of the archive with two chains; its last line is '#'.
class Altered : public ::testing::Test {
 protected:
  void SetUp() override {
    text_ = read_text_file(testing::project_dir() / "tests" / "data" / "openfold" / "mmcifs" / "2q2k.cif");
    ASSERT_TRUE(has_excerpt(text_));
  }

  // The altered file must give the same chains as the file itself, by its excerpt or without one.
  void expect_same_chains(const std::string& altered, bool by_excerpt) {
    EXPECT_EQ(has_excerpt(altered), by_excerpt);
    ASSERT_EQ(compare_chains(altered, parse_cif), 2U);
    const StructureEntry expected = parse_cif(text_, {});
    const StructureEntry entry = parse_cif(altered, {});
    for (std::size_t i = 0; i < 2; ++i) expect_same(entry.chains[i], expected.chains[i]);
  }

  // After the end of one of the file's categories: their separating '#' lines count from 0.
  [[nodiscard]] std::string with_category(std::size_t after, const std::string& category) const {
    std::size_t place = 0;
    for (std::size_t i = 0; i <= after; ++i) place = text_.find("\n#", place) + 1;
    place = text_.find('\n', place) + 1;
    return text_.substr(0, place) + category + "#\n" + text_.substr(place);
  }

  // The rows of the atom table changed one by one.
  [[nodiscard]] std::string with_rows(const std::function<std::string(const std::string&)>& change) const {
    std::string result;
    std::size_t start = 0;
    while (start < text_.size()) {
      const std::size_t end = text_.find('\n', start) + 1;
      const std::string line = text_.substr(start, end - start);
      result += line.starts_with("ATOM") || line.starts_with("HETATM") ? change(line) : line;
      start = end;
    }
    return result;
  }

  [[nodiscard]] static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t place = text.find(from); place != std::string::npos; place = text.find(from, place + to.size()))
      text.replace(place, from.size(), to);
    return text;
  }

  std::string text_;
};

TEST_F(Altered, LinesMayEndInCarriageReturns) { expect_same_chains(replaced(text_, "\n", "\r\n"), true); }

TEST_F(Altered, CategoriesMayStandInAnyOrder) {
  std::vector<std::string> categories;
  const std::size_t first = text_.find('\n', text_.find("\n#") + 1) + 1;
  const std::string rest = text_.substr(first);
  for (std::size_t start = 0; start < rest.size();) {
    const std::size_t hash = rest.find("\n#", start);
    const std::size_t end = hash == std::string::npos ? rest.size() : rest.find('\n', hash + 1) + 1;
    categories.push_back(rest.substr(start, end - start));
    start = end;
  }
  ASSERT_GT(categories.size(), 20U);
  std::string altered = text_.substr(0, first);
  std::reverse(categories.begin(), categories.end());
  for (const std::string& category : categories) altered += category;
  expect_same_chains(altered, true);
}

TEST_F(Altered, TextFieldsMayLookLikeTables) {
  const std::string field =
      "#\n_atom_site.id\nloop_\n_atom_site.group_PDB\nATOM 1 2 3\ndata_other\n ; no "
      "end\n'\nloop_\n_entity_poly_seq.num\n";
  for (const std::size_t after : {0U, 3U, 12U, 20U}) {
    expect_same_chains(with_category(after, "_made_up.text\n;" + field + ";\n"), true);
    expect_same_chains(with_category(after, "loop_\n_made_up.id\n_made_up.text\n1\n;" + field + ";\n2\n;\n;\n"), true);
    expect_same_chains(with_category(after, "_made_up.text\n;" + field + "; # and a comment\n"), false);
  }
  // In a category that is needed.
  expect_same_chains(replaced(text_, "_refine.details ", "_refine.details\n;" + field + ";\n_refine.more_details "),
                     true);
}

TEST_F(Altered, QuotedValuesMayLookLikeTables) {
  expect_same_chains(with_category(4, "_made_up.a '#'\n_made_up.b \"_atom_site.id\"\n_made_up.c 'data_x'\n"), true);
  expect_same_chains(with_category(4, "_made_up.a 'a _atom_site.id b'\n"), false);
  expect_same_chains(with_category(4, "_made_up.a\n'loop_ a data_x'\n"), false);
}

TEST_F(Altered, TagsAndWordsMayHideInALine) {
  expect_same_chains(with_category(4, "_made_up.a 1 _made_up.b 2\n"), false);
  expect_same_chains(with_category(4, "_made_up.a\n1\t_made_up.b\n2\n"), false);
  expect_same_chains(with_category(4, "_made_up.a\n1\r_made_up.b\n2\n"), false);
  expect_same_chains(with_category(4, "_made_up.a 1 loop_\n_made_up.b\n2\n"), false);
  expect_same_chains(with_category(4, "loop_ _made_up.a _made_up.b\n1 2\n"), false);
  expect_same_chains(with_category(4, "loop_\n_made_up.a\n_other.b\n1 2\n"), false);
  expect_same_chains(with_category(4, "save_frame\n_atom_site.id 1\nsave_\n"), false);
  expect_same_chains(replaced(text_, "loop_\n", "LOOP_\n"), true);
  expect_same_chains(replaced(text_, "_atom_site.", "_ATOM_site."), true);
  expect_same_chains(replaced(text_, "loop_\n_atom_site.group_PDB", " loop_ \n  _atom_site.group_PDB"), true);
  expect_same_chains(replaced(text_, "loop_\n_atom_site.group_PDB", "loop_ _atom_site.group_PDB"), false);
}

TEST_F(Altered, ASecondBlockIsNotRead) {
  expect_same_chains(text_ + "data_second\n_entity_poly_seq.num x\nloop_\n_atom_site.id\n1\n2\n#\n", false);
}

TEST_F(Altered, AtomsMayBeQuotedAndWrittenInOtherWays) {
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, " CA ", " 'CA' "); }), true);
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, " A ", " \"A\" "); }), true);
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, " ", "\t"); }), true);
  expect_same_chains(with_rows([](const std::string& row) { return "  " + row + "\n# a comment _atom_site.id\n"; }),
                     true);
  // One row over two lines, two in one, and a comment behind one.
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, " CA ", "\nCA "); }), true);
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, "\n", " "); }) + "\n#\n", true);
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, "\n", " # x\n"); }), true);
  // A text field as a value.
  expect_same_chains(with_rows([](const std::string& row) { return replaced(row, " CA ", "\n;CA\n; "); }), false);
}

TEST_F(Altered, OtherModelsAreLeftOut) {
  std::string second;
  (void)with_rows([&](const std::string& row) {
    std::string other = row;
    other.replace(other.rfind('1'), 1, "2");
    second += replaced(other, " CA ", " CB ");
    return row;
  });
  const std::size_t end = text_.find("\n#", text_.find("\nATOM")) + 1;
  expect_same_chains(text_.substr(0, end) + second + text_.substr(end), true);
}

TEST_F(Altered, DamageInTheWantedChainIsFoundAsInAllOfThem) {
  std::string altered = text_;
  std::size_t point = altered.find(" CA ", altered.find("\nATOM"));
  while (altered[point] != '.' || altered[point + 1] == ' ') ++point;  // in a number
  altered[point] = ';';
  StructureOptions options;
  const std::string expected = input_error([&] { (void)parse_cif(altered, options); });
  EXPECT_THAT(expected, HasSubstr("_atom_site."));
  options.only_chain = "A";
  EXPECT_EQ(input_error([&] { (void)parse_cif(altered, options); }), expected);
  options.only_chain = "B";  // not looked at
  expect_same(find_chain(parse_cif(altered, options), "B"), find_chain(parse_cif(text_, {}), "B"));
}

TEST_F(Altered, AChainThatIsNotThereIsNamedWithThoseThatAre) {
  StructureOptions options;
  options.only_chain = "Q";
  EXPECT_THAT(input_error([&] { (void)find_chain(parse_cif(text_, options), "Q"); }),
              AllOf(HasSubstr("'Q'"), HasSubstr("are A, B")));
}

TEST_F(Altered, ATruncatedFileIsRefusedWhereverItIsCut) {
  StructureOptions options;
  options.only_chain = "A";
  const std::size_t last_atom = text_.rfind("\nHETATM");
  for (std::size_t cut = 1; cut < last_atom; cut += 1499) {
    EXPECT_THAT(input_error([&] { (void)parse_cif(text_.substr(0, cut), options); }), HasSubstr("x.cif")) << cut;
  }
  const std::size_t middle = text_.find("\nATOM", last_atom / 2);
  EXPECT_THAT(input_error([&] { (void)parse_cif(text_.substr(0, middle + 1), options); }), HasSubstr("truncated"));
}

TEST(MmcifRow, ValuesAreSplitAsCifHasThem) {
  MmcifRow row;
  ASSERT_TRUE(row.split(" ATOM 1\t\"O5'\" 'a b' '' ';' a#b 'it's' ;x \r"));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < row.size(); ++i) values.emplace_back(row[i]);
  EXPECT_THAT(values, ::testing::ElementsAre("ATOM", "1", "\"O5'\"", "'a b'", "''", "';'", "a#b", "'it's'", ";x"));
  for (const char* line :
       {"1 'a", "1 _tag", "1 $frame", "1 # comment", "1 loop_", "1 DATA_x", "1 'a'#", "1 \x01", "1 \xc3\xa4"})
    EXPECT_FALSE(row.split(line)) << line;
  ASSERT_TRUE(row.split(""));
  EXPECT_EQ(row.size(), 0U);
}

}  // namespace
}  // namespace foldperf::trainer
