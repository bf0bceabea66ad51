// The sum of all terms: on OpenFold's outputs of whole models, and what becomes of terms that are not finite.
#include "trainer/loss/alphafold_loss.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/model_cases.hpp"

namespace foldperf::testing {

using namespace trainer;

namespace {

constexpr double loss_limit = 1e-5;

struct Sample {
  TensorDict outputs;
  TensorDict batch;
  LossConfig config;
};

// The first loss of the first model.
Sample first_sample() {
  const std::string name = discover("model").at(0);
  const TensorDict file = load_golden("model", name);
  const LossCase loss_case = loss_cases(file, manifest().at("model").at(name)).at(0);
  return {map_tensors(with_prefix(file, loss_case.run + ".out."), [](const at::Tensor& t) { return t.clone(); }),
          recycling_slice(with_prefix(file, "batch."), loss_case.extra_passes, torch::kFloat32), loss_case.config};
}

TEST(AlphaFoldLoss, EqualsOpenFoldOnItsOutputs) {
  for (const std::string& name : discover("model")) {
    SCOPED_TRACE(name);
    const TensorDict file = load_golden("model", name);
    const std::vector<LossCase> cases = loss_cases(file, manifest().at("model").at(name));
    EXPECT_FALSE(cases.empty());
    for (const LossCase& loss_case : cases) {
      SCOPED_TRACE(loss_case.prefix);
      const LossResult result =
          AlphaFoldLoss(loss_case.config)
              .compute(with_prefix(file, loss_case.run + ".out."),
                       recycling_slice(with_prefix(file, "batch."), loss_case.extra_passes, torch::kFloat32));
      for (const auto& [term, expected] : with_prefix(file, loss_case.prefix + "loss.")) {
        const at::Tensor actual = term == "loss"            ? result.total
                                  : term == "unscaled_loss" ? result.unscaled
                                                            : result.value(term);
        expect_close(term, actual, expected, loss_limit);
      }
      EXPECT_THAT(non_finite_terms(result), ::testing::IsEmpty());
    }
  }
}

TEST(AlphaFoldLoss, NamesAndDropsATermThatIsNotFinite) {
  Sample sample = first_sample();
  for (const char* name : {"distogram_logits", "masked_msa_logits", "sm.unnormalized_angles", "sm.frames"}) {
    sample.outputs[name].requires_grad_();
  }
  const AlphaFoldLoss loss(sample.config);
  const LossResult good = loss.compute(sample.outputs, sample.batch);

  TensorDict broken = sample.outputs;
  broken["distogram_logits"] = (sample.outputs.at("distogram_logits") * std::nan("")).detach().requires_grad_();
  const LossResult result = loss.compute(broken, sample.batch);
  EXPECT_THAT(non_finite_terms(result), ::testing::ElementsAre("distogram"));
  EXPECT_EQ(result.value("distogram").item<double>(), 0);
  const double without =
      good.unscaled.item<double>() - sample.config.distogram.weight * good.value("distogram").item<double>();
  EXPECT_NEAR(result.unscaled.item<double>(), without, 1e-4);

  // Its gradient is zero, not NaN, and the others are there.
  result.total.backward();
  EXPECT_EQ(broken.at("distogram_logits").grad().abs().max().item<double>(), 0);
  for (const char* name : {"masked_msa_logits", "sm.unnormalized_angles", "sm.frames"}) {
    const at::Tensor gradient = broken.at(name).grad();
    EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << name;
    EXPECT_GT(gradient.abs().max().item<double>(), 0) << name;
  }
}

TEST(AlphaFoldLoss, SurvivesPredictionsThatAreAllNaN) {
  const Sample sample = first_sample();
  const TensorDict broken = map_tensors(sample.outputs, [](const at::Tensor& tensor) {
    return tensor.is_floating_point() ? (tensor * std::nan("")).requires_grad_() : tensor;
  });
  const LossResult result = AlphaFoldLoss(sample.config).compute(broken, sample.batch);
  EXPECT_EQ(result.total.item<double>(), 0);
  EXPECT_THAT(non_finite_terms(result), ::testing::Contains("fape"));
  result.total.backward();
  EXPECT_EQ(broken.at("sm.frames").grad().abs().max().item<double>(), 0);
}

TEST(AlphaFoldLoss, LeavesTheViolationOutOfTheGraphAtWeightZero) {
  Sample sample = first_sample();
  const auto gradient = [&](double weight) {
    sample.config.violation.weight = weight;
    TensorDict outputs = sample.outputs;
    outputs["sm.positions"] = sample.outputs.at("sm.positions").detach().clone().requires_grad_();
    AlphaFoldLoss(sample.config).compute(outputs, sample.batch).total.backward();
    return outputs.at("sm.positions").grad();
  };
  const at::Tensor without = gradient(0);
  EXPECT_FALSE(torch::equal(without, gradient(1)));
  EXPECT_TRUE(torch::equal(without, gradient(0)));
}

TEST(AlphaFoldLoss, NamesAMissingOutput) {
  Sample sample = first_sample();
  sample.outputs.erase("lddt_logits");
  try {
    (void)AlphaFoldLoss(sample.config).compute(sample.outputs, sample.batch);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("lddt_logits"));
  }
}

TEST(AlphaFoldLoss, CountsResolutionsAtTheBoundsOnly) {
  Sample sample = first_sample();
  const auto plddt = [&](double resolution) {
    sample.batch["resolution"] = torch::full_like(sample.batch.at("resolution"), resolution);
    return AlphaFoldLoss(sample.config).compute(sample.outputs, sample.batch).value("plddt_loss").item<double>();
  };
  const double at_bound = static_cast<double>(static_cast<float>(sample.config.plddt_loss.max_resolution));
  EXPECT_GT(plddt(at_bound), 0);
  EXPECT_EQ(plddt(at_bound + 0.01), 0);
  EXPECT_EQ(plddt(0.0), 0);  // NMR
}

}  // namespace
}  // namespace foldperf::testing
