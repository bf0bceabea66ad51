#include "trainer/input/chain_data_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/mmcif_cache.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

std::string refused_chain(const std::string& value) {
  return input_error([&] { (void)parse_chain_data_cache("{\"1abc_A\": " + value + "}", "cache.json"); });
}
std::string refused_entry(const std::string& value) {
  return input_error([&] { (void)parse_mmcif_cache("{\"1abc\": " + value + "}", "cache.json"); });
}

// Made once with generate_chain_data_cache.py and generate_mmcif_cache.py of OpenFold on tests/data/openfold/mmcifs,
// with these clusters.
constexpr const char* clusters_text = "2q2k_a 1XXX_B 1YYY_C\n9abc_A\n";
const std::string chain_json = R"json({
    "2q2k_A": {
        "release_date": "2008-02-05",
        "seq": "MGSSHHHHHHSSGLVPGSHMDKKETKHLLKIKKEDYPQIFDFLENVPRGTKTAHIREALRRYIEEIGENP",
        "resolution": 3.0,
        "cluster_size": 3
    },
    "2q2k_B": {
        "release_date": "2008-02-05",
        "seq": "MGSSHHHHHHSSGLVPGSHMDKKETKHLLKIKKEDYPQIFDFLENVPRGTKTAHIREALRRYIEEIGENP",
        "resolution": 3.0,
        "cluster_size": -1
    }
})json";
const std::string entry_json = R"json({
    "2q2k": {
        "release_date": "2008-02-05",
        "cluster_sizes": [
            3,
            -1
        ],
        "chain_ids": [
            "A",
            "B"
        ],
        "seqs": [
            "MGSSHHHHHHSSGLVPGSHMDKKETKHLLKIKKEDYPQIFDFLENVPRGTKTAHIREALRRYIEEIGENP",
            "MGSSHHHHHHSSGLVPGSHMDKKETKHLLKIKKEDYPQIFDFLENVPRGTKTAHIREALRRYIEEIGENP"
        ],
        "no_chains": 2,
        "resolution": 3.0
    }
})json";

StructureEntry structure() {
  return read_structure(testing::project_dir() / "tests" / "data" / "openfold" / "mmcifs" / "2q2k.cif");
}

TEST(ChainDataCache, ReadsWhatOpenFoldWrites) {
  const ChainDataCache cache = parse_chain_data_cache(chain_json, "cache.json");
  ASSERT_EQ(cache.size(), 2U);
  const ChainData& chain = cache.at("2q2k_A");
  EXPECT_EQ(chain.release_date, "2008-02-05");
  EXPECT_EQ(chain.sequence.size(), 70U);
  EXPECT_EQ(chain.resolution, 3.0);
  EXPECT_EQ(chain.cluster_size, 3);
  EXPECT_EQ(cache.at("2q2k_B").cluster_size, -1) << "in no cluster";
}

TEST(ChainDataCache, IsWrittenAsOpenFoldWritesIt) {
  const TemporaryFolder folder;
  const ClusterSizes clusters = ClusterSizes::parse(clusters_text, "clusters.txt");
  const std::vector<StructureEntry> entries = {structure()};
  write_chain_data_cache(make_chain_data_cache(entries, &clusters), folder / "cache.json");
  EXPECT_EQ(testing::read_file(folder / "cache.json"), chain_json);
  EXPECT_FALSE(make_chain_data_cache(entries).at("2q2k_A").cluster_size.has_value());
  write_chain_data_cache({}, folder / "empty.json");
  EXPECT_THAT(read_chain_data_cache(folder / "empty.json"), IsEmpty());
  EXPECT_THROW(write_chain_data_cache({}, folder / "no" / "such.json"), SystemError);
}

TEST(ChainDataCache, FieldsMayBeAbsent) {
  const ChainDataCache cache = parse_chain_data_cache(
      R"({"AF_A": {"seq": "ACX", "resolution": 0, "more": [{"x": 1}]}, "b": {"seq": "C", "resolution": null}})", "x");
  EXPECT_EQ(cache.at("AF_A").resolution, 0.0);
  EXPECT_EQ(cache.at("AF_A").release_date, "");
  EXPECT_FALSE(cache.at("b").resolution.has_value());
}

TEST(ChainDataCache, RefusesWhatIsNone) {
  EXPECT_THAT(input_error([] { (void)parse_chain_data_cache("{\n\"a\": {\"seq\": \"A\"},\n\"b\": {", "cache.json"); }),
              AllOf(StartsWith("cache.json:3: is not valid JSON: "), HasSubstr("entry 'b'")));
  EXPECT_THAT(input_error([] { (void)parse_chain_data_cache("[]", "cache.json"); }), HasSubstr("is no JSON object"));
  EXPECT_THAT(input_error([] { (void)parse_chain_data_cache("7", "cache.json"); }), HasSubstr("is no JSON object"));
  EXPECT_THAT(input_error([] { (void)parse_chain_data_cache("{} {}", "cache.json"); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_chain("[]"), HasSubstr("cache.json: entry '1abc_A': must be an object {...}, not array"));
  EXPECT_THAT(refused_chain("7"), HasSubstr("must be an object"));
  EXPECT_THAT(refused_chain("{}"), HasSubstr("has no 'seq'"));
  EXPECT_THAT(refused_chain(R"({"seq": ""})"), HasSubstr("has no 'seq'"));
  EXPECT_THAT(refused_chain(R"({"seq": 7})"), HasSubstr("'seq' must be a text, not number"));
  EXPECT_THAT(refused_chain(R"({"seq": "A C"})"), HasSubstr("no sequence of one-letter codes"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "resolution": "2.0"})"),
              HasSubstr("'resolution' must be a number, not string"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "resolution": NaN})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "resolution": 1e999})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "cluster_size": 1.5})"),
              HasSubstr("'cluster_size' must be a whole number"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "cluster_size": 18446744073709551615})"), HasSubstr("whole number"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "release_date": "20-NOV-07"})"),
              HasSubstr("'release_date' is '20-NOV-07'; a date"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "release_date": "2007-13-01"})"), HasSubstr("a date YYYY-MM-DD"));
  EXPECT_THAT(refused_chain(R"({"seq": "A", "x": )" + std::string(100000, '[')), HasSubstr("nested too deep"));
  EXPECT_THAT(input_error([] { (void)read_chain_data_cache("/nowhere/cache.json"); }), HasSubstr("no such file"));
}

TEST(MmcifCache, ReadsAndWritesWhatOpenFoldWrites) {
  const MmcifCache cache = parse_mmcif_cache(entry_json, "cache.json");
  ASSERT_EQ(cache.size(), 1U);
  const EntryData& entry = cache.at("2q2k");
  EXPECT_THAT(entry.chain_ids, ElementsAre("A", "B"));
  EXPECT_EQ(entry.sequences.at(1).size(), 70U);
  EXPECT_THAT(entry.cluster_sizes, ElementsAre(3, -1));
  EXPECT_EQ(entry.resolution, 3.0);
  EXPECT_THAT(release_dates(cache), ElementsAre(Pair("2Q2K", "2008-02-05")));

  const TemporaryFolder folder;
  const ClusterSizes clusters = ClusterSizes::parse(clusters_text, "clusters.txt");
  const std::vector<StructureEntry> entries = {structure(), StructureEntry{"dna.cif", "dna", {}, {"A"}}};
  write_mmcif_cache(make_mmcif_cache(entries, &clusters), folder / "cache.json");
  EXPECT_EQ(testing::read_file(folder / "cache.json"), entry_json);
}

TEST(MmcifCache, ReadsReleaseDatesAlone) {
  const MmcifCache cache = parse_mmcif_cache(R"({"1abc": {"release_date": "2001-02-03"}})", "dates.json");
  EXPECT_THAT(release_dates(cache), ElementsAre(Pair("1ABC", "2001-02-03")));
}

TEST(MmcifCache, RefusesWhatIsNone) {
  EXPECT_THAT(refused_entry("7"), HasSubstr("cache.json: entry '1abc': must be an object"));
  EXPECT_THAT(refused_entry("{}"), HasSubstr("neither 'release_date' nor 'chain_ids'"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": "A"})"), HasSubstr("'chain_ids' must be a list of texts"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": [1]})"), HasSubstr("'chain_ids' must be a text"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"]})"), HasSubstr("'seqs' is for 0 chains, 'chain_ids' has 1"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"], "seqs": ["A!"]})"), HasSubstr("no sequence"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"], "seqs": ["A"], "no_chains": 2})"), HasSubstr("'no_chains' is 2"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"], "seqs": ["A"], "no_chains": -1})"), HasSubstr("'no_chains' is -1"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"], "seqs": ["A"], "cluster_sizes": [1, 2]})"),
              HasSubstr("'cluster_sizes' is for 2 chains"));
  EXPECT_THAT(refused_entry(R"({"chain_ids": ["A"], "seqs": ["A"], "cluster_sizes": 1})"),
              HasSubstr("list of numbers"));
  EXPECT_THAT(refused_entry(R"({"release_date": 2007})"), HasSubstr("'release_date' must be a text"));
}

}  // namespace
}  // namespace foldperf::trainer
