// Outputs without gradient: what is done when memory is out, and how predictions are scored.
#include "trainer/predict/inference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <new>

#include "tests/support/errors.hpp"
#include "trainer/model/inference_slices.hpp"
#include "trainer/predict/chain_scores.hpp"
#include "trainer/predict/inference_cost.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Rows of 1 KiB that the slices in force let through at once: how a run learns of its limit.
std::int64_t rows_allowed() {
  const at::NoGradGuard no_grad;
  return rows_at_once(1 << 30, 1024, at::empty({1}, at::kByte));
}

TEST(RunWithinMemory, IsOneCallWhereMemoryDoes) {
  int calls = 0;
  const TensorDict result = run_within_memory(
      8 << 10, at::kCPU,
      [&] {
        ++calls;
        EXPECT_EQ(rows_allowed(), 8);
        return TensorDict{{"x", at::ones({2})}};
      },
      [](const std::string& note) { ADD_FAILURE() << note; });
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(result.contains("x"));
}

TEST(RunWithinMemory, TriesAgainInSmallerSlices) {
  std::vector<std::int64_t> rows;
  std::vector<std::string> notes;
  const TensorDict result = run_within_memory(
      64 << 10, at::kCPU,
      [&]() -> TensorDict {
        rows.push_back(rows_allowed());
        if (rows.size() == 1) TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory.");
        if (rows.size() == 2) throw std::bad_alloc();
        return {{"x", at::ones({2})}};
      },
      [&](const std::string& note) { notes.push_back(note); });
  EXPECT_THAT(rows, ElementsAre(64, 8, 1));
  EXPECT_THAT(notes, ElementsAre(HasSubstr("slices of 8 KiB"), HasSubstr("slices of 1 KiB")));
  EXPECT_TRUE(result.contains("x"));
}

TEST(RunWithinMemory, WithoutALimitTheSecondAttemptHasOne) {
  std::vector<std::int64_t> rows;
  const auto run = [&]() -> TensorDict {
    rows.push_back(rows_allowed());
    throw std::bad_alloc();
  };
  EXPECT_THAT(testing::message_of<OutOfMemory>([&] { run_within_memory(0, at::kCPU, run); }),
              HasSubstr("slices of 32 MiB"));
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0], 1 << 30);
  EXPECT_EQ(rows[2], 32 << 10);
}

TEST(RunWithinMemory, RealErrorsOfTheAllocatorAreKnown) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer ends a process that asks for so much";
#endif
  int calls = 0;
  EXPECT_EQ(testing::message_of<OutOfMemory>([&] {
              run_within_memory(1, at::kCPU, [&]() -> TensorDict {
                ++calls;
                return {{"x", at::empty({std::int64_t{1} << 60})}};  // more than any address space
              });
            }).empty(),
            false);
  EXPECT_EQ(calls, 3);
}

TEST(RunWithinMemory, TheAdviceIsOfTheDevice) {
  EXPECT_THAT(testing::message_of<OutOfMemory>(
                  [&] { run_within_memory(1, at::kCPU, []() -> TensorDict { throw std::bad_alloc(); }); }),
              AllOf(HasSubstr("data.eval.crop_size"), Not(HasSubstr("train.device=cpu"))));
}

TEST(RunWithinMemory, OtherErrorsComeThrough) {
  int calls = 0;
  EXPECT_EQ(testing::message_of<Error>([&] {
              run_within_memory(1, at::kCPU, [&]() -> TensorDict {
                ++calls;
                throw Error("something else");
              });
            }),
            "something else");
  EXPECT_THROW(run_within_memory(1, at::kCPU,
                                 [&]() -> TensorDict {
                                   ++calls;
                                   return {{"x", at::ones({2}).matmul(at::ones({3}))}};
                                 }),
               c10::Error);
  EXPECT_EQ(calls, 2);
}

// A straight chain of CA atoms 3.8 Angstrom apart, and the same with its second half moved away.
struct TwoHalves {
  explicit TwoHalves(std::int64_t length)
      : truth(at::zeros({length, atom37_count, 3})), mask(at::zeros({length, atom37_count})) {
    for (std::int64_t i = 0; i < length; ++i) truth[i][atom37::ca][0] = 3.8 * static_cast<double>(i);
    mask.select(-1, atom37::ca).fill_(1);
    predicted = truth.clone();
    predicted.slice(0, length / 2).select(1, atom37::ca).select(-1, 1).add_(100);
  }
  at::Tensor truth, mask, predicted;
};

TEST(ChainScores, ResiduesNearTheBreakScoreLess) {
  TwoHalves chain(20);
  const at::Tensor scores = lddt_by_residue(chain.predicted, chain.truth, chain.mask);
  EXPECT_EQ(scores[0].item<float>(), 1);
  EXPECT_LT(scores[9].item<float>(), 0.6);
  EXPECT_GT(scores[9].item<float>(), 0.4);
}

TEST(ChainScores, ResiduesThatAreNotKnownHaveNoScore) {
  TwoHalves chain(20);
  chain.mask[4][atom37::ca] = 0;
  chain.truth[19][atom37::ca][0] = 1000;  // nobody is near it
  const at::Tensor scores = lddt_by_residue(chain.predicted, chain.truth, chain.mask);
  EXPECT_TRUE(std::isnan(scores[4].item<float>()));
  EXPECT_TRUE(std::isnan(scores[19].item<float>()));
  EXPECT_EQ(scores[3].item<float>(), 1) << "its unresolved neighbour does not count";
}

std::map<std::string, double> score(const TwoHalves& chain, double plddt) {
  return score_chain(
      {{"final_atom_positions", chain.predicted.unsqueeze(0)}, {"plddt", at::full({1, chain.truth.size(0)}, plddt)}},
      {{"all_atom_positions", chain.truth.unsqueeze(0)}, {"all_atom_mask", chain.mask.unsqueeze(0)}});
}

TEST(ChainScores, AChainWithNothingToCompareHasItsConfidenceAlone) {
  TwoHalves chain(6);
  EXPECT_EQ(score(chain, 50).at("plddt"), 50);
  EXPECT_GT(score(chain, 50).at("alignment_rmsd"), 10);
  chain.mask.zero_();
  chain.mask[0][atom37::ca] = 1;
  const auto values = score(chain, 70);
  EXPECT_EQ(values.at("plddt"), 70);
  for (const char* name : {"lddt_ca", "drmsd_ca", "alignment_rmsd", "gdt_ts", "gdt_ha"})
    EXPECT_TRUE(std::isnan(values.at(name))) << name;
}

TEST(ChainScores, TheMeanLeavesOutWhatCannotBeCompared) {
  const double nan = std::nan("");
  std::vector<ChainMetrics> chains(4);
  chains[0] = {"a", 10, {{"lddt_ca", 0.5}, {"plddt", 40}}, 1, ""};
  chains[1] = {"b", 10, {{"lddt_ca", nan}, {"plddt", 99}}, 2, ""};
  chains[2] = {"c", 10, {}, 4, "memory is out"};
  chains[3] = {"d", 10, {{"lddt_ca", 0.9}, {"plddt", 60}}, 8, ""};
  const ChainMetrics mean = mean_of(chains);
  EXPECT_EQ(mean.chain, "");
  EXPECT_DOUBLE_EQ(mean.values.at("lddt_ca"), 0.7);
  EXPECT_DOUBLE_EQ(mean.values.at("plddt"), 50);
  EXPECT_DOUBLE_EQ(mean.seconds, 15);
  EXPECT_TRUE(std::isnan(mean_of({chains[1]}).values.at("lddt_ca")));
}

TEST(InferenceCost, GrowsWithTheCubeOfALongChain) {
  const ModelConfig model;
  const DataConfig data;
  const auto operations = [&](std::int64_t length) {
    return inference_operations(model, data.common, data.eval, length);
  };
  EXPECT_GT(operations(4000), 6 * operations(2000)) << "the triangle's products";
  EXPECT_LT(operations(200), 3 * operations(100)) << "projections of the MSA";
  DataCommonConfig once = data.common;
  once.max_recycling_iters = 0;
  EXPECT_DOUBLE_EQ(operations(300), 4 * inference_operations(model, once, data.eval, 300));
}

TEST(InferenceCost, LongChainsAreNamed) {
  const ModelConfig model;
  const DataConfig data;
  const auto describe = [&](const std::vector<ChainLength>& chains) {
    return describe_work(chains, model, data.common, data.eval);
  };
  EXPECT_EQ(describe({}), "no chains");
  EXPECT_EQ(describe({{"a", 80}}), "1 chain of 80 residues");
  EXPECT_EQ(describe({{"a", 80}, {"b", 80}}), "2 chains of 80 residues");
  EXPECT_THAT(
      describe({{"a", 80}, {"b", 2000}, {"c", 90}}),
      AllOf(HasSubstr("3 chains of 80 to 2000 residues; the longest, b (2000), makes "), HasSubstr("% of the work")));
  EXPECT_EQ(describe({{"a", 100}, {"b", 101}, {"c", 102}, {"d", 103}, {"e", 104}, {"f", 105}, {"g", 106}}),
            "7 chains of 100 to 106 residues");
}

}  // namespace
}  // namespace foldperf::trainer
