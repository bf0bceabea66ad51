// A model of a file's weights predicts chains and sequences.
#include "trainer/predict/predictor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/predict/finite_outputs.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

TrainerConfig small_config(std::vector<std::string> more = {}) {
  std::vector<std::string> assignments = {"globals.c_m=16",
                                          "globals.c_z=8",
                                          "globals.c_s=16",
                                          "model.structure_module.no_blocks=2",
                                          "data.common.max_recycling_iters=1",
                                          "data.loader.num_workers=0",
                                          "data.source.train_data_dir=\"" + testing::samples_dir().string() + "\""};
  assignments.insert(assignments.end(), more.begin(), more.end());
  return trainer_config_from_json(resolve_config({"tiny", {}, assignments}));
}

TensorDict random_weights(const ModelConfig& config) {
  torch::manual_seed(5);
  AlphaFold model(config);
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters()) parameter.normal_(0, 0.1);
  return weights_of(*model);
}

ChainDataset dataset_of(ChainSet set, const DataConfig& config) {
  std::vector<ChainSet> sets;
  sets.push_back(std::move(set));
  return {std::move(sets), config, DataMode::predict};
}

TEST(Predictor, GivesTheModelsOutputsWithoutDropout) {
  const TrainerConfig config = small_config({"model.evoformer_stack.msa_dropout=0.5"});
  const TensorDict weights = random_weights(config.model);
  const ChainDataset dataset = dataset_of(named_chains(config.data, {"1ejg_A"}).front(), config.data);
  const TensorDict features = expand(dataset.load(0, 0, {1, 0, 0}).sample, at::kCPU);
  EXPECT_EQ(features.at("aatype").size(-1), 2) << "passes";

  Predictor predictor(config.model, weights, "weights.pt", at::kCPU);
  const Prediction prediction = predictor.predict(features);
  EXPECT_EQ(prediction.positions.sizes(), at::IntArrayRef({46, 37, 3}));
  EXPECT_EQ(prediction.mask.sum().item<double>(), 326) << "heavy atoms of the sequence";
  EXPECT_FALSE(prediction.ptm.has_value());

  AlphaFold model(config.model);
  assign_weights(*model, weights, "weights.pt");
  model->eval();
  const at::NoGradGuard no_grad;
  const TensorDict expected = model->forward(features);
  EXPECT_EQ((prediction.positions - expected.at("final_atom_positions")[0]).abs().max().item<double>(), 0);
  EXPECT_EQ((prediction.plddt - expected.at("plddt")[0]).abs().max().item<double>(), 0);
}

TEST(Predictor, SlicesGiveTheSame) {
  const TrainerConfig whole = small_config({"model.inference_slice_mib=0"});
  const TensorDict weights = random_weights(whole.model);
  const ChainDataset dataset = dataset_of(named_chains(whole.data, {"1ubi_A"}).front(), whole.data);
  const TensorDict features = expand(dataset.load(0, 0, {1, 0, 0}).sample, at::kCPU);
  ModelConfig sliced = whole.model;
  sliced.inference_slice_mib = 1;
  const Prediction a = Predictor(whole.model, weights, "w", at::kCPU).predict(features);
  const Prediction b = Predictor(sliced, weights, "w", at::kCPU).predict(features);
  EXPECT_LT((a.positions - b.positions).abs().max().item<double>(), 1e-3);
  EXPECT_LT((a.plddt - b.plddt).abs().max().item<double>(), 1e-3);
}

TEST(Predictor, ThePtmHeadGivesAScore) {
  const TrainerConfig config = small_config({"model.heads.tm.enabled=true"});
  const ChainDataset dataset = dataset_of(named_chains(config.data, {"1as5_A"}).front(), config.data);
  const TensorDict features = expand(dataset.load(0, 0, {1, 0, 0}).sample, at::kCPU);
  const Prediction prediction = Predictor(config.model, random_weights(config.model), "w", at::kCPU).predict(features);
  ASSERT_TRUE(prediction.ptm.has_value());
  EXPECT_GT(*prediction.ptm, 0);
  EXPECT_LT(*prediction.ptm, 1);
}

TEST(Predictor, WeightsThatDivergedPredictNothing) {
  const TrainerConfig config = small_config();
  TensorDict weights = random_weights(config.model);
  weights.at("structure_module.linear_in.weight").fill_(std::numeric_limits<float>::quiet_NaN());
  const ChainDataset dataset = dataset_of(named_chains(config.data, {"1as5_A"}).front(), config.data);
  const TensorDict features = expand(dataset.load(0, 0, {1, 0, 0}).sample, at::kCPU);
  Predictor predictor(config.model, weights, "w", at::kCPU);
  EXPECT_THAT(testing::message_of<NotFinite>([&] { (void)predictor.predict(features); }),
              HasSubstr("no numbers (final_atom_positions)"));
}

TEST(Predictor, WeightsOfAnotherModelAreRefused) {
  const TrainerConfig config = small_config();
  TensorDict weights = random_weights(config.model);
  weights["evoformer.linear.weight"] = at::zeros({3, 3});
  EXPECT_THAT(testing::input_error([&] { Predictor(config.model, weights, "some.pt", at::kCPU); }),
              HasSubstr("some.pt"));
}

TEST(SequenceSet, SequencesAreChainsWithoutStructure) {
  const TemporaryFolder folder;
  folder.write("a.fasta", ">one\nMQIFVKT\n>two words\nACDEX\n");
  folder.write("alignments/one/hits.a3m", ">q\nMQIFVKT\n>h\nMQLFVKT\n");
  const TrainerConfig config =
      small_config({"data.source.train_alignment_dir=\"" + (folder / "alignments").string() + "\""});
  const ChainDataset dataset = dataset_of(sequence_set(config.data, folder / "a.fasta"), config.data);
  ASSERT_EQ(dataset.size(), 2u);
  EXPECT_EQ(dataset.set(0).catalog.chains[1].name, "two");
  EXPECT_EQ(dataset.set(0).catalog.chains[1].length, 5);
  const auto one = dataset.parsed(0, 0), two = dataset.parsed(0, 1);
  EXPECT_EQ(one->alignment_depth, 2) << "the alignment of its name";
  EXPECT_EQ(two->alignment_depth, 1) << "its own sequence";
  EXPECT_FALSE(one->raw.contains("all_atom_positions"));
  const TensorDict features = expand(dataset.load(0, 1, {1, 0, 0}).sample, at::kCPU);
  EXPECT_EQ(features.at("aatype").size(1), 5);
  const Prediction prediction = Predictor(config.model, random_weights(config.model), "w", at::kCPU).predict(features);
  EXPECT_EQ(prediction.plddt.size(0), 5);
  EXPECT_EQ(prediction.mask[4].sum().item<double>(), 0) << "nobody knows the atoms of X";
}

TEST(SequenceSet, AnAlignmentOfAnotherSequenceIsNamed) {
  const TemporaryFolder folder;
  folder.write("a.fasta", ">one\nMQIFVKT\n");
  folder.write("alignments/one/hits.a3m", ">q\nMQIF\n");
  const TrainerConfig config =
      small_config({"data.source.train_alignment_dir=\"" + (folder / "alignments").string() + "\""});
  const ChainDataset dataset = dataset_of(sequence_set(config.data, folder / "a.fasta"), config.data);
  EXPECT_THAT(testing::input_error([&] { (void)dataset.load(0, 0, {1, 0, 0}); }), HasSubstr("another sequence"));
}

TEST(NamedChains, AreLookedForInBothFolders) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "val");
  std::filesystem::copy(testing::samples_dir() / "1ejg.pdb", folder / "val" / "1abc.pdb");
  const TrainerConfig config = small_config(
      {"data.source.val_data_dir=\"" + (folder / "val").string() + "\"", "data.source.train_filter_path=\"/nowhere\""});
  EXPECT_EQ(named_chains(config.data, {"1abc_A"}).at(0).catalog.chains.at(0).length, 46);
  EXPECT_EQ(named_chains(config.data, {"1ubi_A"}).at(0).catalog.chains.at(0).length, 76) << "whatever the lists say";
  const std::vector<ChainSet> both = named_chains(config.data, {"1ubi_A", "1abc_A", "1as5"});
  ASSERT_EQ(both.size(), 2u);
  ASSERT_EQ(both[0].catalog.chains.size(), 1u);
  EXPECT_EQ(both[0].catalog.chains[0].name, "1abc_A");
  ASSERT_EQ(both[1].catalog.chains.size(), 2u);
  EXPECT_EQ(both[1].catalog.chains[0].name, "1ubi_A");
  EXPECT_EQ(both[1].catalog.chains[1].name, "1as5_A");
  const std::vector<ChainSet> twice = named_chains(config.data, {"1as5_A", "1abc_A", "1as5", "1abc_A"});
  ASSERT_EQ(twice.size(), 2u);
  EXPECT_EQ(twice[0].catalog.chains.size(), 1u);
  EXPECT_EQ(twice[1].catalog.chains.size(), 1u) << "its entry has one chain, which is named already";
  EXPECT_THAT(testing::input_error([&] { named_chains(config.data, {"9zzz_A"}); }), HasSubstr("9zzz"));
  EXPECT_THAT(testing::input_error([&] { named_chains(config.data, {"1abc_A", "9zzz_A"}); }), HasSubstr("9zzz"));
}

}  // namespace
}  // namespace foldperf::trainer
