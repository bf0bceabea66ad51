// Damaged indices, caches and lists must give either a result or an InputError that names the file: never a crash, a
// hang or another exception.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/input/alignment_db.hpp"
#include "trainer/input/chain_filters.hpp"
#include "trainer/input/cluster_file.hpp"
#include "trainer/input/mmcif_cache.hpp"
#include "trainer/input/obsolete_entries.hpp"

namespace foldperf::trainer {
namespace {

// What readers of JSON and of tables trip over.
constexpr std::array<std::string_view, 16> pieces = {"-1",         "18446744073709551615",
                                                     "1e999",      "null",
                                                     "[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
                                                     "\"",         "\\u0000",
                                                     "\\ud800",    "\xff",
                                                     "]",          "}",
                                                     ",",          "9223372036854775807",
                                                     "\n",         "\xc3\xa9"};

std::string damage(const std::string& text, RandomStream& random) {
  std::string result = text;
  const auto place = [&] {
    return static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(result.size()) - 1));
  };
  for (std::int64_t i = random.integer(1, 4); i > 0; --i) {
    switch (random.integer(0, 4)) {
      case 0:
        result.resize(place() + 1);
        break;
      case 1:
        result.erase(place(), static_cast<std::size_t>(random.integer(1, 30)));
        break;
      case 2: {
        const auto piece = pieces[static_cast<std::size_t>(random.integer(0, pieces.size() - 1))];
        result.insert(place(), piece);
        break;
      }
      case 3: {
        const auto piece = pieces[static_cast<std::size_t>(random.integer(0, pieces.size() - 1))];
        result.replace(place(), static_cast<std::size_t>(random.integer(1, 12)), piece);
        break;
      }
      default: {
        char& character = result[place()];
        character = static_cast<char>(character ^ (1 << random.integer(0, 7)));
      }
    }
    if (result.empty()) result = "x";
  }
  return result;
}

void fuzz(const std::string& text, std::uint32_t seed, int rounds,
          const std::function<void(const std::string&)>& parse) {
  int refused = 0;
  int read = 0;
  for (int round = 0; round < rounds; ++round) {
    RandomStream random({seed, 1, static_cast<std::uint32_t>(round)}, Purpose::chain_order);
    try {
      parse(damage(text, random));
      ++read;
    } catch (const InputError& error) {
      ++refused;
      EXPECT_NE(std::string(error.what()).find("fuzz"), std::string::npos) << "names no file: " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
}

constexpr const char* chain_cache = R"({
    "1abc_A": {"release_date": "2008-02-05", "seq": "MGSSHHHHHHSSGLVPGSHM", "resolution": 3.0, "cluster_size": 3},
    "2abc_B": {"release_date": "2018-02-05", "seq": "ARNDCQEGHILKMFPSTWYV", "resolution": 0, "cluster_size": -1}
})";
constexpr const char* entry_cache = R"({
    "1abc": {"release_date": "2008-02-05", "cluster_sizes": [3, -1], "chain_ids": ["A", "B"],
             "seqs": ["MGSSHH", "ARND"], "no_chains": 2, "resolution": 3.0},
    "2abc": {"release_date": "2018-02-05", "chain_ids": ["C"], "seqs": ["W"], "no_chains": 1, "resolution": 1.25}
})";

TEST(FormatsFuzz, ChainDataCacheAndFilters) {
  fuzz(chain_cache, 11, 4000, [](const std::string& text) {
    const ChainDataCache cache = parse_chain_data_cache(text, "fuzz.json");
    std::vector<std::string> names;
    for (const auto& [name, chain] : cache) names.push_back(name);
    ChainFilterOptions options;
    options.max_release_date = "2010-01-01";
    for (const KeptChain& chain : filter_chains(names, cache, options).kept) {
      ASSERT_GT(chain.probability, 0);
      ASSERT_LE(chain.probability, 1);
    }
  });
}

TEST(FormatsFuzz, MmcifCache) {
  fuzz(entry_cache, 12, 4000, [](const std::string& text) {
    for (const auto& [name, entry] : parse_mmcif_cache(text, "fuzz.json")) {
      ASSERT_EQ(entry.sequences.size(), entry.chain_ids.size());
      ASSERT_TRUE(entry.cluster_sizes.empty() || entry.cluster_sizes.size() == entry.chain_ids.size());
    }
  });
}

// A cache that was read can be written, and is then the same.
TEST(FormatsFuzz, WrittenCaches) {
  const testing::TemporaryFolder folder;
  fuzz(chain_cache, 13, 200, [&](const std::string& text) {
    const ChainDataCache cache = parse_chain_data_cache(text, "fuzz.json");
    write_chain_data_cache(cache, folder / "fuzz.json");
    const ChainDataCache again = read_chain_data_cache(folder / "fuzz.json");
    ASSERT_EQ(again.size(), cache.size());
    for (const auto& [name, chain] : cache) {
      ASSERT_EQ(again.at(name).sequence, chain.sequence);
      ASSERT_EQ(again.at(name).resolution, chain.resolution);
      ASSERT_EQ(again.at(name).cluster_size, chain.cluster_size);
    }
  });
}

void fuzz_index(const std::string& index, std::uint32_t seed) {
  const testing::TemporaryFolder folder;
  folder.write("fuzz.db", std::string(1000, 'x'));
  fuzz(index, seed, 2000, [&](const std::string& text) {
    const AlignmentDb db(folder.write("fuzz.index", text));
    for (const std::string& chain : db.chains()) {
      for (const std::string& file : db.file_names(chain)) ASSERT_LE(db.read(chain, file).size(), 1000U);
    }
  });
}

TEST(FormatsFuzz, SuperIndex) {
  fuzz_index(R"({"1abc_A": {"db": "fuzz.db", "files": [["a.a3m", 0, 100], ["b.sto", 100, 900]]},
                 "2abc_B": {"db": "fuzz.db", "files": [["a.a3m", 0, 100]]}})",
             14);
}

TEST(FormatsFuzz, IndexOfOneShard) {
  fuzz_index(R"({"1abc_A": [["a.a3m", 0, 100], ["b.sto", 100, 900]], "2abc_B": [["a.a3m", 0, 100]]})", 15);
}

TEST(FormatsFuzz, ClusterFile) {
  fuzz("1abc_A 2abc_B\n3abc_C\n4abc_D 5abc_E 6abc_F\n", 16, 2000, [](const std::string& text) {
    const ClusterSizes clusters = ClusterSizes::parse(text, "fuzz.txt");
    ASSERT_GE(clusters.find("1ABC_A").value_or(1), 1);
  });
}

TEST(FormatsFuzz, ObsoleteEntries) {
  fuzz(
      "OBSLTE    31-JUL-94 116L     216L\nOBSLTE    31-JUL-94 216L     316L\nOBSLTE    31-JUL-94 316L     416L\n"
      "OBSLTE    30-MAR-89 1AB2\n",
      17, 2000, [](const std::string& text) {
        const auto entry = ObsoleteEntries::parse(text, "fuzz.dat").replacement("116l");
        if (entry) {
          ASSERT_EQ(entry->size(), 4U);
        }
      });
}

}  // namespace
}  // namespace foldperf::trainer
