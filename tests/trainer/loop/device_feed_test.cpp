#include "trainer/loop/device_feed.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <chrono>
#include <filesystem>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/loop/small_data.hpp"
#include "trainer/loop/loader_source.hpp"

namespace foldperf::trainer {
namespace {

using ::foldperf::testing::input_error;
using ::testing::HasSubstr;

TEST(LoaderSource, GivesWhatTheModelTakes) {
  const DataConfig config = small_data_config();
  LoaderSource source(config);
  const TrainingBatch batch = source.next();
  EXPECT_EQ(batch.features.at("aatype").size(0), 1);
  EXPECT_EQ(batch.features.at("aatype").size(1), 16);
  EXPECT_EQ(batch.features.at("msa_feat").scalar_type(), at::kFloat);
  EXPECT_GE(batch.about.queue_wait_ns, 0);
  EXPECT_EQ(batch.progress.next_turn, 1);
  EXPECT_EQ(source.chains(), 2U);
  ASSERT_GE(source.summary().size(), 2U);
  EXPECT_THAT(source.summary().front(), HasSubstr("samples: 1;"));
}

TEST(EvaluationChains, ComeInAnyOrderAndAlwaysTheSame) {
  const DataConfig config = small_data_config();
  EvaluationChains chains(config);
  ASSERT_EQ(chains.size(), 2U);
  const TrainingBatch first = chains.get(0), second = chains.get(1), again = chains.get(0), alone = chains.get(0);
  EXPECT_EQ(first.about.chain, "1as5_A");
  EXPECT_EQ(second.about.chain, "1ejg_A");
  for (const auto& [name, tensor] : first.features) {
    EXPECT_TRUE(torch::equal(tensor, again.features.at(name))) << name;
    EXPECT_TRUE(torch::equal(tensor, alone.features.at(name))) << name;
  }
  EXPECT_THROW((void)chains.get(2), Error);
}

TEST(EvaluationChains, AreNoneWhereTheTrainingSetIsTooLargeToBeRead) {
  const testing::TemporaryFolder folder;
  folder.write("cache.json",
               R"({"1ejg_A": {"release_date": "2000-07-19", "seq": "TTCC", "resolution": 0.54, "cluster_size": 1}})");
  DataConfig config = small_data_config();
  config.source.train_chain_data_cache_path = (folder / "cache.json").string();
  config.source.train_chains.clear();
  EvaluationChains chains(config);
  EXPECT_EQ(chains.size(), 0U);
}

TEST(DeviceFeed, WhatAnEndedRunLeavesIsDropped) {
  const DataConfig config = small_data_config();
  for (int taken = 0; taken < 3; ++taken) {
    LoaderSource source(config);
    for (int i = 0; i < taken; ++i) (void)source.next();
  }
}

TEST(DeviceFeed, ErrorsOfTheFilesArrive) {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(testing::samples_dir() / "1a8o.cif", folder.path() / "1a8o.cif");
  DataConfig config = small_data_config();
  config.source.train_data_dir = folder.path().string();
  config.source.train_chains = {"1a8o_A"};
  config.loader.num_workers = 0;
  LoaderSource source(config);
  std::filesystem::resize_file(folder / "1a8o.cif", 20000);
  EXPECT_THAT(input_error([&] { (void)source.next(); }), HasSubstr("1a8o.cif"));
}

}  // namespace
}  // namespace foldperf::trainer
