// Batches of several samples, steps of several batches, half precision.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/files.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/loop/loader_source.hpp"
#include "trainer/loop/static_batch.hpp"
#include "trainer/loop/step_batches.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/optim/named_tensors.hpp"

namespace foldperf::trainer {
namespace {

TrainerConfig small(const std::vector<std::string>& more = {}) {
  std::vector<std::string> assignments = {
      "globals.c_m=16",
      "globals.c_z=8",
      "globals.c_s=16",
      "model.structure_module.no_blocks=2",
      "model.structure_module.dropout_rate=0",
      "data.train.crop_size=24",
      "data.train.max_msa_clusters=4",
      "data.common.max_recycling_iters=2",
      "data.loader.order=\"strict\"",
      "data.source.train_data_dir=\"" + ::foldperf::testing::samples_dir().string() + "\"",
      "data.source.train_chains=[\"1ejg_A\", \"1as5_A\"]",
      "schedule.base_lr=1e-3",
      "train.device=cpu"};
  assignments.insert(assignments.end(), more.begin(), more.end());
  return trainer_config_from_json(resolve_config({"tiny", {}, assignments}));
}

std::vector<at::Tensor> weights(const Trainer& trainer) {
  std::vector<at::Tensor> copies;
  for (const auto& [name, tensor] : trainer.weights()) copies.push_back(tensor.detach().clone());
  return copies;
}

double largest_difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, (a[i] - b[i]).abs().max().item<double>());
  return largest;
}

TEST(StepBatches, AllSamplesOfAStepMakeAsManyPasses) {
  const TrainerConfig config = small({"train.batch_size=2", "train.accumulate_grad_batches=2"});
  LoaderSource source(config.data);
  StepBatches batches(config, source);
  std::set<std::int64_t> drawn;
  for (std::int64_t step = 0; step < 24; ++step) {
    const auto parts = batches.next(step);
    ASSERT_EQ(parts.size(), 2u);
    const std::int64_t passes = parts[0].features.at("aatype").size(-1);
    drawn.insert(passes);
    for (const TrainingBatch& part : parts) {
      EXPECT_EQ(part.features.at("aatype").sizes(), at::IntArrayRef({2, 24, passes}));
      EXPECT_EQ(part.features.at("msa_feat").size(-1), passes);
      ASSERT_EQ(part.more.size(), 1u);
      EXPECT_EQ(part.about.step, step);
      EXPECT_EQ(part.more[0].step, step);
    }
  }
  EXPECT_THAT(drawn, ::testing::ElementsAre(1, 2, 3));
}

TEST(StepBatches, ABatchOfUnequalShapesIsRefused) {
  const TrainerConfig config = small({"data.train.fixed_size=false", "data.loader.num_workers=0"});
  LoaderSource source(config.data);
  std::vector<TrainingBatch> batches;
  batches.push_back(source.next());
  batches.push_back(source.next());
  batches.back().features["aatype"] = batches.back().features.at("aatype").narrow(1, 0, 3);
  EXPECT_THROW(join_batches(std::move(batches)), Error);
  EXPECT_THROW(small({"data.train.fixed_size=false", "train.batch_size=2"}), UsageError);
}

// What graphs read: it stays where it is until no graph reads it, and is given back then.
TEST(StaticBatches, KeepAPlaceForAShapeUntilItIsForgotten) {
  StaticBatches places;
  const auto batch = [](double value) { return TensorDict{{"a", torch::full({2, 3}, value)}}; };
  at::Tensor one = places.load("one", batch(1)).at("a");
  const at::Tensor two = places.load("two", batch(2)).at("a");
  EXPECT_TRUE(places.load("one", batch(3)).at("a").is_same(one));
  EXPECT_TRUE(one.eq(3).all().item<bool>());
  places.forget("one");
  places.forget("never loaded");
  EXPECT_EQ(one.use_count(), 1u) << "the place has kept its memory";
  EXPECT_FALSE(places.load("one", batch(4)).at("a").is_same(one));
  EXPECT_TRUE(places.load("two", batch(5)).at("a").is_same(two));
}

// The gradient of a step is the mean over its samples, whether they go through the model together or one by one.
// (Terms that are means over the batch's residues agree where both samples have as many, as crops of one chain do.)
TEST(Trainer, TwoSamplesTogetherOrOneByOneMakeTheSameStep) {
  const std::vector<std::string> one_chain = {"data.source.train_chains=[\"1ejg_A\"]",
                                              "data.train.masked_msa_replace_fraction=0"};
  const auto made = [&](std::vector<std::string> more) {
    more.insert(more.end(), one_chain.begin(), one_chain.end());
    const TrainerConfig config = small(more);
    LoaderSource source(config.data);
    StepBatches batches(config, source);
    Trainer trainer(config, at::kCPU);
    const auto before = weights(trainer);
    const StepMetrics metrics = trainer.finish(trainer.launch(0, batches.next(0)));
    EXPECT_EQ(metrics.samples, 2);
    EXPECT_GT(largest_difference(weights(trainer), before), 1e-4);
    return metrics;
  };
  const StepMetrics together = made({"train.batch_size=2"});
  const StepMetrics one_by_one = made({"train.accumulate_grad_batches=2"});
  EXPECT_NEAR(together.loss, one_by_one.loss, 1e-3 * one_by_one.loss);
  EXPECT_NEAR(together.lddt_ca, one_by_one.lddt_ca, 1e-5);
  EXPECT_NEAR(together.gradient_norm, one_by_one.gradient_norm, 1e-2 * one_by_one.gradient_norm);
}

TEST(Trainer, HalfPrecisionFollowsFloat32) {
  const auto losses = [&](const std::string& precision) {
    const TrainerConfig config = small({"train.precision=" + precision});
    LoaderSource source(config.data);
    Trainer trainer(config, at::kCPU);
    EXPECT_EQ(name_of(trainer.precision()), precision);
    std::vector<double> values;
    for (std::int64_t step = 0; step < 8; ++step) values.push_back(trainer.step(step, source.next()).loss);
    for (const auto& [name, master] : trainer.weights()) EXPECT_EQ(master.scalar_type(), at::kFloat) << name;
    return values;
  };
  const auto exact = losses("float32"), rounded = losses("bf16");
  EXPECT_NE(exact, rounded);
  for (std::size_t step = 0; step < exact.size(); ++step) {
    EXPECT_NEAR(rounded[step], exact[step], 0.02 * exact[step]) << step;
  }
}

// The samples have no alignments and no templates: made-up ones, so that every part of the model has something to do.
TrainingBatch with_everything(TrainingBatch batch) {
  for (auto& [name, tensor] : batch.features) {
    if (name.rfind("template_", 0) != 0 && name.rfind("extra_", 0) != 0) continue;
    if (name.ends_with("mask")) {
      tensor = torch::ones_like(tensor);
    } else if (tensor.is_floating_point()) {
      tensor = torch::randn_like(tensor) * (name.ends_with("positions") || name.ends_with("beta") ? 8 : 1);
    } else {
      tensor = torch::randint_like(tensor, 20);
    }
  }
  return batch;
}

// After some steps, when all parts have gradients (the last layers begin with zeros). bfloat16 rounds to 2^-9; errors
// of the many roundings on a way through the model add up like a random walk: some per cent. A wrong cast, a count in
// bfloat16 or a lost term gives tens of per cent.
TEST(Trainer, GradientsInHalfPrecisionAreCloseInEveryPart) {
  const std::vector<std::string> whole = {"model.template.enabled=true", "data.common.use_templates=true",
                                          "data.train.max_templates=2", "model.extra_msa.enabled=true",
                                          "model.extra_msa.extra_msa_stack.no_blocks=1",
                                          "model.evoformer_stack.no_blocks=3", "data.train.max_extra_msa=8",
                                          "data.eval.max_extra_msa=8", "globals.c_m=32", "globals.c_z=16",
                                          // Coordinates of an earlier pass fall into other bins of distance when
                                          // they change in the last digit: nothing about gradients.
                                          "data.common.max_recycling_iters=0"};
  const auto configured = [&](const std::string& precision) {
    std::vector<std::string> all = whole;
    all.push_back("train.precision=" + precision);
    return small(all);
  };
  const TrainerConfig config = configured("float32");
  LoaderSource source(config.data);
  Trainer exact(config, at::kCPU), rounded(configured("bf16"), at::kCPU);
  for (std::int64_t step = 0; step < 10; ++step) (void)exact.step(step, with_everything(source.next()));
  for (std::size_t i = 0; i < exact.weights().size(); ++i)
    at::Tensor(rounded.weights()[i].second).detach().copy_(exact.weights()[i].second.detach());
  rounded.publish();
  const TrainingBatch batch = with_everything(source.next());
  const TensorDict wanted = exact.gradients(10, batch), found = rounded.gradients(10, batch);
  std::map<std::string, std::pair<double, double>> sums;  // of squares: difference, reference
  for (const auto& [name, gradient] : wanted) {
    auto& [difference, reference] = sums[name.substr(0, name.find('.'))];
    difference += (found.at(name) - gradient).square().sum().item<double>();
    reference += gradient.square().sum().item<double>();
  }
  EXPECT_GE(sums.size(), 7u);
  for (const auto& [part, sum] : sums) {
    EXPECT_GT(sum.second, 0) << part;
    EXPECT_LT(std::sqrt(sum.first / sum.second), 0.1) << part;
    EXPECT_GT(sum.first, 0) << part << ": nothing was rounded";
  }
}

TEST(Trainer, HalfPrecisionRoundsTheTrunkAlone) {
  Trainer trainer(small({"train.precision=bf16"}), at::kCPU);
  for (const auto& parameter : trainer.model()->named_parameters()) {
    const bool in_trunk =
        parameter.key().rfind("structure_module.", 0) != 0 && parameter.key().rfind("aux_heads.", 0) != 0;
    EXPECT_EQ(parameter.value().scalar_type(), in_trunk ? at::kBFloat16 : at::kFloat) << parameter.key();
  }
}

}  // namespace
}  // namespace foldperf::trainer
