#include "trainer/data/chain_set.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <map>
#include <utility>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/hhr_text.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/archive_writer.hpp"
#include "trainer/input/chain_data_cache.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::input_error;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(const ChainSet& set) {
  std::vector<std::string> result;
  for (const ChainSource& chain : set.catalog.chains) result.push_back(chain.name);
  return result;
}

std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

DataConfig samples() {
  DataConfig config;
  config.source.train_data_dir = testing::samples_dir().string();
  config.train.crop_size = 16;
  config.train.max_msa_clusters = 4;
  config.train.max_extra_msa = 4;
  config.common.max_recycling_iters = 0;
  return config;
}

TEST(ChainSet, WithoutACacheAllChainsHaveTheSameChance) {
  const std::vector<ChainSet> sets = training_sets(samples());
  ASSERT_EQ(sets.size(), 1U);
  EXPECT_THAT(names(sets[0]), ElementsAre("1a7g_E", "1a8o_A", "1as5_A", "1ejg_A", "1lcd_A", "1ubi_A"));
  EXPECT_FALSE(sets[0].is_sampled);
  EXPECT_EQ(sets[0].alignments, nullptr);
  EXPECT_EQ(sets[0].templates, nullptr);
}

TEST(ChainSet, ACacheFiltersAndGivesChances) {
  const testing::TemporaryFolder folder;
  folder.write("cache.json", R"({
    "1ubi_A": {"release_date": "1994-01-31", "seq": ")" +
                                 std::string(512, 'A') + R"(", "resolution": 1.8, "cluster_size": 4},
    "1ejg_A": {"release_date": "2000-07-19", "seq": "TTCC", "resolution": 0.54, "cluster_size": 1},
    "1a8o_A": {"release_date": "1998-03-27", "seq": "MDIR", "resolution": 9.5, "cluster_size": 1},
    "9zzz_A": {"release_date": "1998-03-27", "seq": "MDIR", "resolution": 1.0, "cluster_size": 1}})");
  folder.write("list", "1ubi_A\n1ejg_A\n1a8o_A\n9zzz_A\n");
  DataConfig config = samples();
  config.source.train_chain_data_cache_path = (folder / "cache.json").string();
  config.source.train_filter_path = (folder / "list").string();
  config.source.max_single_residue_fraction = 1;
  const ChainSet set = std::move(training_sets(config).front());
  EXPECT_THAT(names(set), ElementsAre("1ejg_A", "1ubi_A"));
  EXPECT_TRUE(set.is_sampled);
  EXPECT_DOUBLE_EQ(set.catalog.chains[0].probability, 0.5);
  EXPECT_DOUBLE_EQ(set.catalog.chains[1].probability, 0.25);
  EXPECT_THAT(set.catalog.notes, Contains(HasSubstr("resolution above the limit")));

  config.source.max_release_date = "1999-12-31";
  EXPECT_THAT(names(training_sets(config).front()), ElementsAre("1ubi_A"));
  // Evaluation on a set of that size has to be asked for.
  EXPECT_FALSE(validation_set(config));
  config.source.val_chains = {"1a8o_A"};
  EXPECT_THAT(names(*validation_set(config)), ElementsAre("1a8o_A"));
}

TEST(ChainSet, TheCacheMayBeTheArchives) {
  const testing::TemporaryFolder folder;
  ArchiveWriter writer(folder / "set.sqlar");
  for (const char* name : {"1ejg.pdb", "1ubi.pdb"}) {
    writer.add(std::string(archived_structures) + name, pack_bytes(testing::read_file(testing::samples_dir() / name)));
  }
  writer.add(archived_chain_data_cache, pack_bytes(R"({
    "1ejg_A": {"release_date": "2000-07-19", "seq": "TTCC", "resolution": 0.54, "cluster_size": 1}})"));
  writer.finish();
  DataConfig config = samples();
  config.source.train_data_dir = (folder / "set.sqlar").string();
  const ChainSet set = std::move(training_sets(config).front());
  EXPECT_TRUE(set.is_sampled);
  EXPECT_THAT(names(set), ElementsAre("1ejg_A"));
  EXPECT_FALSE(validation_set(config)) << "as with a cache of its own";
  EXPECT_THAT(names(named_chains(config, {"1ubi_A"}).at(0)), ElementsAre("1ubi_A")) << "whatever the cache says";
}

TEST(ChainSet, TheDistillationSetIsOfPredictionsAndHasItsShare) {
  const testing::TemporaryFolder folder;
  std::string prediction = testing::read_file(testing::samples_dir() / "1ejg.pdb");
  folder.write("1ejg.pdb", prediction);
  DataConfig config = samples();
  config.source.distillation_data_dir = folder.path().string();
  const std::vector<ChainSet> sets = training_sets(config);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_DOUBLE_EQ(sets[0].weight, 0.25);
  EXPECT_DOUBLE_EQ(sets[1].weight, 0.75);
  EXPECT_TRUE(sets[1].structure_options.treat_pdb_as_distillation);
  EXPECT_FALSE(sets[0].structure_options.treat_pdb_as_distillation);
  const ChainDataset dataset(training_sets(config), config, DataMode::train);
  EXPECT_EQ(dataset.raw_features(1, 0, {}).at("is_distillation").item<float>(), 1);
  EXPECT_EQ(dataset.raw_features(0, 0, {}).at("is_distillation").item<float>(), 0);
  EXPECT_EQ(dataset.size(), 7U);
}

// A hit of the chain's own entry, which covers less of the query than would make it a copy.
class Templates : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::copy(testing::project_dir() / "tests/data/openfold/mmcifs/2q2k.cif", folder / "2q2k.cif");
    const ProteinChain chain = read_structure(folder / "2q2k.cif").chains.front();
    const std::string part = chain.sequence.substr(0, 60);
    std::vector<testing::HitText> hits(1);
    hits[0].name = "2Q2K_A a protein";
    hits[0].query = hits[0].hit = part;
    folder.write("alignments/2q2k_A/pdb70_hits.hhr", testing::to_hhr(hits, static_cast<int>(chain.length())));
    config.source.train_chains = {"2q2k_A"};
    config.source.train_data_dir = folder.path().string();
    config.source.train_alignment_dir = (folder / "alignments").string();
    config.source.template_mmcif_dir = folder.path().string();
    config.source.max_template_date = "2020-01-01";
  }
  [[nodiscard]] std::int64_t found() const {
    const TensorDict raw = ChainDataset(training_sets(config), config, DataMode::train).raw_features(0, 0, {});
    return raw.contains("template_aatype") ? raw.at("template_aatype").size(0) : 0;
  }

  const testing::TemporaryFolder folder;
  DataConfig config = samples();
};

TEST_F(Templates, OfHitsAndTheirStructuresAreFeatures) {
  const ChainDataset dataset(training_sets(config), config, DataMode::train);
  const TensorDict raw = dataset.raw_features(0, 0, {});
  ASSERT_EQ(raw.at("template_aatype").size(0), 1);
  // Resolved atoms of the part that is aligned, and none behind it.
  const at::Tensor mask = raw.at("template_all_atom_mask")[0];
  const at::Tensor resolved = raw.at("all_atom_mask");
  EXPECT_TRUE(torch::equal(mask.narrow(0, 0, 60), resolved.narrow(0, 0, 60)));
  EXPECT_GT(mask.sum().item<float>(), 0);
  EXPECT_EQ(mask.narrow(0, 60, 10).sum().item<float>(), 0);
  const Batch batch = dataset.load(0, 0, {42, 0, 0});
  EXPECT_THAT(batch.fact.preparation_ns, Contains(::testing::Key("templates")));
}

TEST_F(Templates, DatesAndObsoleteEntriesCount) {
  EXPECT_EQ(found(), 1);
  config.source.max_template_date = "1990-01-01";
  EXPECT_EQ(found(), 0);
  config.source.max_template_date = "2020-01-01";
  // The cache's date spares the file.
  folder.write("dates.json", R"({"2q2k": {"release_date": "2022-01-01"}})");
  config.source.template_release_dates_cache_path = (folder / "dates.json").string();
  EXPECT_EQ(found(), 0);
  config.source.template_release_dates_cache_path.clear();
  // The structure is there under its new name only, as a template; the chain is read from elsewhere.
  config.source.train_data_dir = (testing::project_dir() / "tests/data/openfold/mmcifs").string();
  fs::rename(folder / "2q2k.cif", folder / "2new.cif");
  EXPECT_EQ(found(), 0);
  folder.write("obsolete.dat", "OBSLTE    31-JUL-94 2Q2K     2NEW\n");
  config.source.obsolete_pdbs_file_path = (folder / "obsolete.dat").string();
  EXPECT_EQ(found(), 1);
}

TEST_F(Templates, AModelWithoutTemplatesReadsNone) {
  config.common.use_templates = false;
  config.source.template_mmcif_dir = "/no such folder";
  EXPECT_EQ(training_sets(config).front().templates, nullptr);
}

TEST_F(Templates, SettingsThatDoNotGoTogetherAreRefused) {
  config.source.max_template_date.clear();
  EXPECT_THAT(usage_error([&] { (void)training_sets(config); }), HasSubstr("max_template_date is not set"));
  config.source.max_template_date = "2020";
  EXPECT_THAT(usage_error([&] { (void)training_sets(config); }), HasSubstr("'2020'"));
  config.source.max_template_date = "2020-01-01";
  config.source.template_mmcif_dir = (folder / "none").string();
  EXPECT_THAT(input_error([&] { (void)training_sets(config); }), HasSubstr("none"));
}

TEST(ChainSet, TheValidationFolderNeedsNoTrainingFolder) {
  DataConfig config = samples();
  config.source.val_data_dir = std::exchange(config.source.train_data_dir, "");
  config.source.val_chains = {"1ejg_A"};
  const auto set = validation_set(config);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->name, "validation");
  EXPECT_THAT(names(*set), ElementsAre("1ejg_A"));
  EXPECT_THAT(names(named_chains(config, {"1ubi_A"}).at(0)), ElementsAre("1ubi_A"));
  EXPECT_THAT(usage_error([&] { (void)named_chains(config, {"1ubi_A", "9zzz_A"}); }), HasSubstr("train_data_dir"));
}

TEST(ChainSet, MissingSettingsAreNamed) {
  EXPECT_THAT(usage_error([] { (void)training_sets({}); }), HasSubstr("train_data_dir is not set"));
  DataConfig config = samples();
  config.source.train_alignment_dir = "/no such folder";
  EXPECT_THAT(input_error([&] { (void)training_sets(config); }), HasSubstr("/no such folder"));
}

TEST(ChainReader, ParsedChainsStayInMemoryUpToTheLimit) {
  DataConfig config = samples();
  config.source.train_chains = {"1ejg_A", "1ubi_A"};
  config.loader.cache_mib = 1;
  const ChainReader reader(std::move(training_sets(config).front()), 1280, std::size_t{1} << 20);
  StageTimes first, second;
  const auto parsed = reader.read(0, first);
  EXPECT_EQ(reader.read(0, second), parsed);
  EXPECT_THAT(first, Contains(::testing::Key("read")));
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(reader.cache_statistics().hits, 1);
  EXPECT_GT(reader.cache_statistics().bytes, 46U * 37 * 4 * sizeof(float));
  const ChainReader without(std::move(training_sets(config).front()), 1280, 0);
  EXPECT_NE(without.read(0, first), without.read(0, first));
}

}  // namespace
}  // namespace foldperf::trainer
