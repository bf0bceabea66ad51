// Prediction on a GPU: memory that does not do, and the CPU's results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.hpp"
#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/predict/predictor.hpp"

namespace foldperf::trainer {
namespace {

struct CudaPrediction : public ::testing::Test {
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device on this machine";
  }
};

TEST_F(CudaPrediction, AnAllocationThatFailsIsTriedAgain) {
  int calls = 0;
  std::vector<std::string> notes;
  const TensorDict result = run_within_memory(
      std::int64_t{64} << 20, at::Device(at::kCUDA, 0),
      [&]() -> TensorDict {
        const std::int64_t numbers = ++calls == 1 ? std::int64_t{1} << 44 : 16;  // 64 TiB, then little
        return {{"x", at::zeros({numbers}, at::TensorOptions(at::kCUDA))}};
      },
      [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(notes.size(), 1u);
  EXPECT_EQ(result.at("x").sum().item<double>(), 0) << "the device is in order";
}

TEST_F(CudaPrediction, IsThatOfTheCpuToRoundingInSlicesToo) {
  const auto config_of = [](const char* slices) {
    return trainer_config_from_json(
        resolve_config({"tiny",
                        {},
                        {"data.common.max_recycling_iters=1", "data.loader.num_workers=0", slices,
                         "data.source.train_data_dir=\"" + testing::samples_dir().string() + "\""}}));
  };
  const TrainerConfig config = config_of("model.inference_slice_mib=0");
  torch::manual_seed(5);
  const TensorDict weights = weights_of(*AlphaFold(config.model));
  std::vector<ChainSet> sets;
  sets.push_back(named_chains(config.data, {"1ubi_A"}).front());
  const ChainDataset dataset(std::move(sets), config.data, DataMode::predict);
  const TensorDict features = expand(dataset.load(0, 0, {1, 0, 0}).sample, at::kCPU);
  const at::Device cuda(at::kCUDA, 0);
  const Prediction here = Predictor(config.model, weights, "w", at::kCPU).predict(features);
  const Prediction there = Predictor(config.model, weights, "w", cuda).predict(features);
  const Prediction sliced =
      Predictor(config_of("model.inference_slice_mib=1").model, weights, "w", cuda).predict(features);
  EXPECT_LT((here.positions - there.positions).abs().max().item<double>(), 0.05) << "Angstrom";
  EXPECT_LT((there.positions - sliced.positions).abs().max().item<double>(), 0.05);
  EXPECT_LT((here.plddt - there.plddt).abs().max().item<double>(), 0.1);
  EXPECT_LT((there.plddt - sliced.plddt).abs().max().item<double>(), 0.1);
}

}  // namespace
}  // namespace foldperf::trainer
