// Damaged input files must give either a result or an InputError: never a crash, a hang or another exception.
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/fuzzing.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/input/alignment.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using testing::damage;
using testing::fuzz;

std::string alignment_text(const std::string& name) {
  return read_text_file(testing::project_dir() / "tests" / "data" / "openfold" / "alignments" / "2q2k_A" / name);
}

// Whatever was read must fit together: the features are made of it without another look.
void use(const StructureEntry& entry) {
  for (const ProteinChain& chain : entry.chains) {
    ASSERT_EQ(chain.atom_positions.size(), chain.length() * atom37_count * 3);
    ASSERT_EQ(chain.atom_mask.size(), chain.length() * atom37_count);
    ASSERT_EQ(chain.is_missing.size(), chain.length());
  }
}

void use(const Alignment& alignment) {
  ASSERT_GT(alignment.depth(), 0U);
  ASSERT_EQ(alignment.letters.size(), alignment.depth() * alignment.width);
  for (const Deletion& deletion : alignment.deletions) {
    ASSERT_LT(deletion.row, alignment.depth());
    ASSERT_LT(deletion.column, alignment.width);
    ASSERT_GT(deletion.count, 0);
  }
}

TEST(Fuzz, A3m) {
  fuzz(alignment_text("bfd_uniclust_hits.a3m"), 1, 500,
       [](const std::string& text) { use(parse_a3m(text, "fuzz.a3m")); });
}

TEST(Fuzz, Stockholm) {
  fuzz(alignment_text("uniref90_hits.sto"), 2, 500,
       [](const std::string& text) { use(parse_stockholm(text, "fuzz.sto")); });
}

TEST(Fuzz, Mmcif) {
  fuzz(read_text_file(testing::samples_dir() / "1a8o.cif"), 3, 300,
       [](const std::string& text) { use(parse_mmcif(text, "fuzz.cif")); });
}

TEST(Fuzz, MmcifOfProteinAndDna) {
  fuzz(read_text_file(testing::samples_dir() / "1lcd.cif.gz"), 4, 60,
       [](const std::string& text) { use(parse_mmcif(text, "fuzz.cif")); });
}

TEST(Fuzz, Pdb) {
  const std::string text = read_text_file(testing::samples_dir() / "1ejg.pdb");
  int round = 0;
  for (int i = 0; i < 300; ++i) {
    RandomStream random({5, 0, static_cast<std::uint32_t>(i)}, Purpose::chain_order);
    StructureOptions options;
    options.treat_pdb_as_distillation = (++round % 2) == 0;
    try {
      use(parse_pdb(damage(text, random), "fuzz.pdb", options));
    } catch (const InputError&) {
      continue;
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << i << ": " << error.what();
    }
  }
}

TEST(Fuzz, CompressedFiles) {
  const testing::TemporaryFolder folder;
  std::ifstream stream(testing::samples_dir() / "1as5.cif.gz", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  for (int round = 0; round < 60; ++round) {
    RandomStream random({6, 0, static_cast<std::uint32_t>(round)}, Purpose::chain_order);
    const auto path = folder.write("fuzz.cif.gz", damage(bytes, random));
    try {
      use(read_structure(path));
    } catch (const InputError&) {
      continue;
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace foldperf::trainer
