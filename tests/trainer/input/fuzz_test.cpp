// Damaged input files must give either a result or an InputError: never a crash, a hang or another exception.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/input/alignment.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

std::string damage(const std::string& text, RandomStream& random) {
  std::string result = text;
  const auto last = static_cast<std::int64_t>(text.size()) - 1;
  const std::int64_t kind = random.integer(0, 3);
  if (kind == 0) result.resize(static_cast<std::size_t>(random.integer(1, last)));
  if (kind == 1) {  // a piece is lost
    const auto start = static_cast<std::size_t>(random.integer(0, last));
    result.erase(start, static_cast<std::size_t>(random.integer(1, 2000)));
    if (result.empty()) result.push_back('x');
  }
  const std::int64_t flips = kind == 0 ? 0 : random.integer(1, kind == 2 ? 3 : 200);
  for (std::int64_t i = 0; i < flips; ++i) {
    const auto place = static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(result.size()) - 1));
    result[place] = static_cast<char>(result[place] ^ (1 << random.integer(0, 7)));
  }
  return result;
}

// `parse` is run on damaged copies of the text.
void fuzz(const std::string& text, std::uint32_t seed, int rounds,
          const std::function<void(const std::string&)>& parse) {
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    RandomStream random({seed, 0, static_cast<std::uint32_t>(round)}, Purpose::chain_order);
    const std::string damaged = damage(text, random);
    try {
      parse(damaged);
    } catch (const InputError& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).rfind("fuzz", 0), 0U) << "names no file: " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
}

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
  for (const std::string& row : alignment.sequences) ASSERT_EQ(row.size(), alignment.width());
  ASSERT_EQ(alignment.deletions.size(), alignment.depth() * alignment.width());
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
