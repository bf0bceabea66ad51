#include "trainer/data/batch_loader.hpp"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <set>

#include "core/error.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/data/checks.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/input/chain_catalog.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ::foldperf::testing::input_error;

DataConfig small_config() {
  DataConfig config;
  config.source.train_data_dir = testing::samples_dir().string();
  config.source.train_chains = {"1as5_A", "1ejg_A", "1a8o_A"};
  config.train.crop_size = 16;
  config.train.max_msa_clusters = 4;
  config.train.max_extra_msa = 4;
  config.common.max_recycling_iters = 1;
  return config;
}

std::shared_ptr<const ChainDataset> dataset(const DataConfig& config, DataMode mode = DataMode::train) {
  return std::make_shared<ChainDataset>(training_chains(config).chains, config, mode);
}

std::vector<Batch> take(BatchLoader& loader, int count) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) {
    auto batch = loader.next();
    if (!batch) break;
    batches.push_back(std::move(*batch));
  }
  return batches;
}

std::vector<Batch> take(const DataConfig& config, const LoaderOptions& options, int count) {
  BatchLoader loader(dataset(config), options);
  return take(loader, count);
}

void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].fact.chain, b[i].fact.chain);
    EXPECT_EQ(a[i].position, b[i].position);
    ASSERT_EQ(a[i].features.size(), b[i].features.size());
    for (const auto& [name, tensor] : a[i].features) EXPECT_TRUE(torch::equal(tensor, b[i].features.at(name))) << name;
  }
}

TEST(BatchLoader, AnyNumberOfThreadsGivesTheSameBatches) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  options.num_workers = 0;
  const std::vector<Batch> alone = take(config, options, 10);
  ASSERT_EQ(alone.size(), 10U);
  for (const std::int64_t workers : {1, 2, 5}) {
    options.num_workers = workers;
    expect_same(alone, take(config, options, 10));
  }
}

TEST(BatchLoader, EveryEpochHasEachChainOnceInAnOrderOfItsOwn) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  options.epochs = 8;
  const std::vector<Batch> batches = take(config, options, 100);
  ASSERT_EQ(batches.size(), 24U);
  std::set<std::vector<std::string>> orders;
  for (std::size_t epoch = 0; epoch < 8; ++epoch) {
    std::vector<std::string> order;
    for (std::size_t i = 0; i < 3; ++i) {
      order.push_back(batches[3 * epoch + i].fact.chain);
      EXPECT_EQ(batches[3 * epoch + i].epoch, static_cast<std::int64_t>(epoch));
    }
    orders.insert(order);
    EXPECT_EQ(std::set<std::string>(order.begin(), order.end()).size(), 3U);
  }
  EXPECT_GT(orders.size(), 2U);
}

TEST(BatchLoader, GoesOnWhereARunStopped) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  std::vector<Batch> whole = take(config, options, 8);
  options.first_position = 5;
  whole.erase(whole.begin(), whole.begin() + 5);
  expect_same(whole, take(config, options, 3));
}

TEST(BatchLoader, RanksShareTheSamplesOut) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  const std::vector<Batch> whole = take(config, options, 6);
  options.ranks = 2;
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    options.rank = rank;
    std::vector<Batch> expected;
    for (std::size_t i = static_cast<std::size_t>(rank); i < 6; i += 2) expected.push_back(whole[i]);
    expect_same(expected, take(config, options, 3));
  }
  options.rank = 2;
  EXPECT_THROW(BatchLoader(dataset(config), options), Error);
}

TEST(BatchLoader, EvaluationGoesOnceThroughTheChainsInOrder) {
  const DataConfig config = small_config();
  BatchLoader loader(dataset(config, DataMode::eval), evaluation_loader_options(config));
  std::vector<std::string> chains;
  for (const Batch& batch : take(loader, 10)) chains.push_back(batch.fact.chain);
  EXPECT_THAT(chains, ElementsAre("1as5_A", "1ejg_A", "1a8o_A"));
  EXPECT_FALSE(loader.next());
}

TEST(BatchLoader, TellsWhatABatchIs) {
  const DataConfig config = small_config();
  for (const Batch& batch : take(config, training_loader_options(config), 3)) {
    EXPECT_GE(batch.fact.length, 20);
    EXPECT_EQ(batch.fact.crop, 16);
    EXPECT_EQ(batch.fact.alignment_depth, 1);
    EXPECT_GE(batch.fact.queue_wait_ns, 0);
    std::vector<std::string> stages;
    for (const auto& [stage, nanoseconds] : batch.fact.preparation_ns) {
      stages.push_back(stage);
      EXPECT_GT(nanoseconds, 0) << stage;
    }
    EXPECT_THAT(stages, ElementsAre("alignment", "features", "read", "transforms"));
  }
}

TEST(BatchLoader, StopsWhileItsQueueIsFullAndWhileItIsEmpty) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  options.num_workers = 3;
  { const BatchLoader unused(dataset(config), options); }
  BatchLoader loader(dataset(config), options);
  EXPECT_EQ(take(loader, 1).size(), 1U);
}

TEST(BatchLoader, AnErrorArrivesAtItsBatchAndTheNextOneFollows) {
  const testing::TemporaryFolder folder;
  DataConfig config = small_config();
  for (const char* name : {"1ejg.pdb", "1a8o.cif"})
    std::filesystem::copy(testing::samples_dir() / name, folder.path() / name);
  config.source.train_data_dir = folder.path().string();
  config.source.train_chains = {"1ejg_A", "1a8o_A"};
  const auto chains = dataset(config);
  std::filesystem::resize_file(folder.path() / "1a8o.cif", 20000);  // damaged while training
  for (const std::int64_t workers : {0, 2}) {
    LoaderOptions options = evaluation_loader_options(config);
    options.num_workers = workers;
    options.epochs = 2;
    BatchLoader loader(chains, options);
    EXPECT_EQ(loader.next()->fact.chain, "1ejg_A");
    EXPECT_THAT(input_error([&] { (void)loader.next(); }), HasSubstr("1a8o.cif"));
    EXPECT_EQ(loader.next()->fact.chain, "1ejg_A");
  }
}

TEST(BatchLoader, LeavesTheTrainersOwnThreadsAlone) {
  const int before = at::get_num_threads();
  const DataConfig config = small_config();
  (void)take(config, training_loader_options(config), 2);
  EXPECT_EQ(at::get_num_threads(), before);
  int in_new_thread = 0;
  std::thread([&] { in_new_thread = at::get_num_threads(); }).join();
  EXPECT_EQ(in_new_thread, before);
}

TEST(ChainCatalog, MissingAndEmptyFoldersAreNamed) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.path() / "none", "", {}); }),
              AllOf(HasSubstr("none"), HasSubstr("no such data folder")));
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.path(), "", {}); }), HasSubstr("holds no structure file"));
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.write("file", "x"), "", {}); }), HasSubstr("is no folder"));
  EXPECT_THAT(input_error([&] { (void)find_chains(testing::samples_dir(), folder.path() / "none", {}); }),
              HasSubstr("no such alignment folder"));
  EXPECT_THROW((void)training_chains(DataConfig()), UsageError);
}

TEST(ChainCatalog, EntriesWithoutProteinAreSkippedAndReported) {
  const testing::TemporaryFolder folder;
  testing::EntryText dna{{"DA"}, {{}}};
  dna.component_type = "'DNA linking'";
  dna.atoms[0].component = "DA";
  folder.write("1dna.cif", testing::to_mmcif(dna));
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.path(), "", {}); }), HasSubstr("no protein chain"));
  folder.write("1ala.cif", testing::to_mmcif({{"ALA"}, {{}}}));
  const ChainCatalog catalog = find_chains(folder.path(), "", {});
  ASSERT_EQ(catalog.chains.size(), 1U);
  EXPECT_EQ(catalog.chains[0].name, "1ala_A");
  ASSERT_EQ(catalog.skipped.size(), 1U);
  EXPECT_EQ(catalog.skipped[0].structure.filename(), "1dna.cif");
  EXPECT_THAT(catalog.skipped[0].reason, HasSubstr("DNA"));
}

TEST(ChainCatalog, WantedChainsAndEntries) {
  const testing::TemporaryFolder folder;
  folder.write("model_1.cif", testing::to_mmcif({{"ALA"}, {{}}}));
  EXPECT_EQ(find_chains(folder.path(), "", {"model_1"}).chains.at(0).name, "model_1_A");
  EXPECT_EQ(find_chains(folder.path(), "", {"model_1_A"}).chains.at(0).name, "model_1_A");
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.path(), "", {"model_1_B"}); }),
              AllOf(HasSubstr("model_1.cif"), HasSubstr("'B'")));
  EXPECT_THAT(input_error([&] { (void)find_chains(folder.path(), "", {"9xyz_A"}); }), HasSubstr("9xyz_A"));
}

TEST(ChainCatalog, AlignmentsOfAChainAreUsed) {
  const testing::TemporaryFolder folder;
  folder.write("data/1ala.cif", testing::to_mmcif({{"ALA", "GLY"}, {{}}}));
  folder.write("alignments/1ala_A/hits.a3m", ">q\nAG\n>x\nA-\n>y\nVG\n");
  DataConfig config;
  config.source.train_data_dir = (folder.path() / "data").string();
  config.source.train_alignment_dir = (folder.path() / "alignments").string();
  const Batch batch = dataset(config)->load(0, {1, 0, 0});
  EXPECT_EQ(batch.fact.alignment_depth, 3);
}

TEST(Samples, TheDemosChainsAreThere) {
  const ChainCatalog catalog = find_chains(testing::samples_dir(), "", {});
  std::map<std::string, std::int64_t> length;
  for (const ChainSource& chain : catalog.chains) length[chain.name] = chain.length;
  const std::map<std::string, std::int64_t> expected = {{"1as5_A", 25}, {"1ejg_A", 46}, {"1lcd_A", 51},
                                                        {"1a8o_A", 70}, {"1ubi_A", 76}, {"1a7g_E", 82}};
  EXPECT_EQ(length, expected);
  EXPECT_TRUE(catalog.skipped.empty());
}

}  // namespace
}  // namespace foldperf::trainer
