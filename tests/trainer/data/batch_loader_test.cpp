#include "trainer/data/batch_loader.hpp"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

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
  config.loader.order = "strict";
  return config;
}

std::shared_ptr<const ChainDataset> dataset(const DataConfig& config, DataMode mode = DataMode::train) {
  return std::make_shared<ChainDataset>(training_sets(config), config, mode);
}

std::vector<LoadedBatch> take(BatchLoader& loader, int count) {
  std::vector<LoadedBatch> batches;
  for (int i = 0; i < count; ++i) {
    auto batch = loader.next();
    if (!batch) break;
    batches.push_back(std::move(*batch));
  }
  return batches;
}

std::vector<LoadedBatch> take(const DataConfig& config, const LoaderOptions& options, int count) {
  BatchLoader loader(dataset(config), options);
  return take(loader, count);
}

void expect_same(const std::vector<LoadedBatch>& a, const std::vector<LoadedBatch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].fact.chain, b[i].fact.chain);
    EXPECT_EQ(a[i].position, b[i].position);
    for (const auto& part : {&CompactSample::fixed, &CompactSample::varying}) {
      ASSERT_EQ((a[i].sample.*part).size(), (b[i].sample.*part).size());
      for (const auto& [name, tensor] : a[i].sample.*part)
        EXPECT_TRUE(torch::equal(tensor, (b[i].sample.*part).at(name))) << name;
    }
  }
}

TEST(BatchLoader, AnyNumberOfThreadsGivesTheSameBatches) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  options.num_workers = 0;
  const std::vector<LoadedBatch> alone = take(config, options, 10);
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
  const std::vector<LoadedBatch> batches = take(config, options, 100);
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
  std::vector<LoadedBatch> whole = take(config, options, 8);
  options.first_position = 5;
  whole.erase(whole.begin(), whole.begin() + 5);
  expect_same(whole, take(config, options, 3));
}

TEST(BatchLoader, RanksShareTheSamplesOut) {
  const DataConfig config = small_config();
  LoaderOptions options = training_loader_options(config);
  const std::vector<LoadedBatch> whole = take(config, options, 6);
  options.ranks = 2;
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    options.rank = rank;
    std::vector<LoadedBatch> expected;
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
  for (const LoadedBatch& batch : take(loader, 10)) chains.push_back(batch.fact.chain);
  EXPECT_THAT(chains, ElementsAre("1as5_A", "1ejg_A", "1a8o_A"));
  EXPECT_FALSE(loader.next());
}

TEST(BatchLoader, TellsWhatABatchIs) {
  DataConfig config = small_config();
  config.loader.cache_mib = 0;  // a chain that comes again is not read again
  for (const LoadedBatch& batch : take(config, training_loader_options(config), 3)) {
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

TEST(BatchLoader, ReadyFirstHandsOutTheSameSamplesWithinItsBound) {
  DataConfig config = small_config();
  config.loader.order = "ready_first";
  config.loader.num_workers = 3;
  config.loader.max_drift = 2;
  LoaderOptions options = training_loader_options(config);
  options.epochs = 10;
  std::vector<LoadedBatch> batches = take(config, options, 100);
  ASSERT_EQ(batches.size(), 30U);
  for (std::size_t place = 0; place < batches.size(); ++place) {
    EXPECT_EQ(batches[place].drift, static_cast<std::int64_t>(place) - batches[place].position);
    EXPECT_LE(std::abs(batches[place].drift), 2);
  }
  std::sort(batches.begin(), batches.end(),
            [](const LoadedBatch& a, const LoadedBatch& b) { return a.position < b.position; });
  config.loader.order = "strict";
  options = training_loader_options(config);
  options.epochs = 10;
  expect_same(batches, take(config, options, 100));
}

TEST(BatchLoader, GoesOnBehindASampleThatWasOvertakenToo) {
  DataConfig config = small_config();
  config.loader.order = "ready_first";
  config.loader.num_workers = 3;
  LoaderOptions options = training_loader_options(config);
  options.epochs = 4;
  BatchLoader whole(dataset(config), options);
  std::set<std::int64_t> positions;
  std::vector<LoadedBatch> first = take(whole, 5);
  for (const LoadedBatch& batch : first) positions.insert(batch.position);
  options.done = first.back().progress;
  for (const LoadedBatch& batch : take(config, options, 100)) EXPECT_TRUE(positions.insert(batch.position).second);
  EXPECT_EQ(positions.size(), 12U);
}

TEST(BatchLoader, TwoSetsAreMixedByTheirWeights) {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(testing::samples_dir() / "1ubi.pdb", folder.path() / "1ubi.pdb");
  DataConfig config = small_config();
  config.source.distillation_data_dir = folder.path().string();
  config.source.train_epoch_len = 200;
  LoaderOptions options = training_loader_options(config);
  options.epochs = 1;
  const std::vector<LoadedBatch> batches = take(config, options, 1000);
  ASSERT_EQ(batches.size(), 200U);
  const auto predicted = std::count_if(batches.begin(), batches.end(),
                                       [](const LoadedBatch& batch) { return batch.fact.chain == "1ubi_A"; });
  // 150 expected, standard deviation 6.1: four of them.
  EXPECT_NEAR(static_cast<double>(predicted), 150, 25);
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

TEST(ChainDataset, AlignmentsOfAChainAreUsed) {
  const testing::TemporaryFolder folder;
  folder.write("data/1ala.cif", testing::to_mmcif({{"ALA", "GLY"}, {{}}}));
  folder.write("alignments/1ala_A/hits.a3m", ">q\nAG\n>x\nA-\n>y\nVG\n");
  DataConfig config;
  config.source.train_data_dir = (folder.path() / "data").string();
  config.source.train_alignment_dir = (folder.path() / "alignments").string();
  const Batch batch = dataset(config)->load(0, 0, {1, 0, 0});
  EXPECT_EQ(batch.fact.alignment_depth, 3);
}

TEST(Samples, TheDemosChainsAreThere) {
  DataConfig config;
  config.source.train_data_dir = testing::samples_dir().string();
  const ChainCatalog catalog = training_sets(config).front().catalog;
  std::map<std::string, std::int64_t> length;
  for (const ChainSource& chain : catalog.chains) length[chain.name] = chain.length;
  const std::map<std::string, std::int64_t> expected = {{"1as5_A", 25}, {"1ejg_A", 46}, {"1lcd_A", 51},
                                                        {"1a8o_A", 70}, {"1ubi_A", 76}, {"1a7g_E", 82}};
  EXPECT_EQ(length, expected);
  EXPECT_TRUE(catalog.skipped.empty());
}

}  // namespace
}  // namespace foldperf::trainer
