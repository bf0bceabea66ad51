// Whole training steps against OpenFold: loss, gradient norm and rate of each step, and weights, moments of Adam and
// moving averages at the end.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <iostream>

#include "tests/support/golden.hpp"
#include "tests/trainer/loss/golden_model.hpp"
#include "tests/trainer/loss/model_cases.hpp"
#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/optim/adam.hpp"
#include "trainer/optim/clip.hpp"
#include "trainer/optim/exponential_moving_average.hpp"
#include "trainer/optim/lr_schedule.hpp"
#include "trainer/optim/named_tensors.hpp"

namespace foldperf::testing {

using namespace trainer;

namespace {

// The trajectory is sensitive: float32 drifts away from float64 within a few steps, so its limits are loose but for the
// first step, and those of float64 are tight (a difference in summation order grows from 1e-16 to 1e-14 in 12 steps).
struct Limits {
  double first_loss, loss;  // relative, step 1 and any step
  double first_norm, norm;  // relative
  // Relative, single terms: the plddt target moves by bins, and the tables of the violation are float32 in any
  // precision.
  double term;
  double mean_weight;  // mean absolute difference of the final weights
  double moments;      // relative to the norm of all
};
constexpr Limits float32_limits{3e-5, 1e-3, 1e-4, 2e-2, 1e-2, 2e-4, 4e-2};
constexpr Limits float64_limits{1e-10, 1e-10, 1e-9, 1e-9, 1e-6, 1e-10, 1e-9};

// Mean absolute difference over all tensors together, and the size of the difference relative to the expected.
struct Difference {
  double mean = 0;
  double relative = 0;
};
Difference difference(const TensorDict& actual, const TensorDict& expected) {
  double sum = 0, squares = 0, scale = 0;
  std::int64_t count = 0;
  for (const auto& [name, reference] : expected) {
    const at::Tensor b = reference.to(torch::kFloat64);
    const at::Tensor d = actual.at(name).to(torch::kFloat64) - b;
    sum += d.abs().sum().item<double>();
    squares += d.square().sum().item<double>();
    scale += b.square().sum().item<double>();
    count += d.numel();
  }
  return {sum / static_cast<double>(count), std::sqrt(squares / scale)};
}

LrScheduleConfig schedule(const nlohmann::json& json) {
  return {.base_lr = json.at("base_lr"),
          .max_lr = json.at("max_lr"),
          .warmup_no_steps = json.at("warmup_no_steps"),
          .start_decay_after_n_steps = json.at("start_decay_after_n_steps"),
          .decay_every_n_steps = json.at("decay_every_n_steps"),
          .decay_factor = json.at("decay_factor")};
}

// The trajectory does not name its model: it is one of those in the manifest, whose parameters have the weights' names
// and shapes.
nlohmann::json matching_model_entry(const TensorDict& weights) {
  for (const auto& [name, entry] : manifest().at("model").items()) {
    const AlphaFold model(model_config_from_json(entry.at("config")));
    const auto parameters = model->named_parameters();
    bool same = parameters.size() == weights.size();
    for (const auto& item : parameters) {
      same = same && weights.contains(item.key()) && weights.at(item.key()).sizes() == item.value().sizes();
    }
    if (same) return entry;
  }
  throw Error("no model in manifest.json has the weights of the trajectory: its configuration is unknown");
}

// One file of expected values; weights and batch stand in it or, for the variants, in trajectory.pt.
struct Trajectory {
  std::string name;
  torch::ScalarType type;
  TensorDict expected;  // trajectory.*, final.*
  TensorDict weights;
  TensorDict batch;
  nlohmann::json model;  // config, loss_config
};

Trajectory load_trajectory(const std::string& name) {
  const TensorDict file = load_golden("training", name);
  const TensorDict doubles = with_prefix(file, "f64.");
  const TensorDict start = with_prefix(file, "weight.").empty() ? load_golden("training", "trajectory") : file;
  Trajectory result{.name = name,
                    .type = doubles.empty() ? torch::kFloat32 : torch::kFloat64,
                    .expected = doubles.empty() ? file : doubles,
                    .weights = with_prefix(start, "weight."),
                    .batch = with_prefix(start, "batch."),
                    .model = {}};
  const nlohmann::json& training = manifest().at("training");
  result.model = training.contains("config") ? training : matching_model_entry(result.weights);
  return result;
}

struct Averages {
  ExponentialMovingAverage after_step;
  ExponentialMovingAverage before_zero_grad;  // as OpenFold's Lightning hook: with the weights of the step before
};

// What one step gives, compared as it goes.
class StepChecker {
 public:
  StepChecker(const TensorDict& expected, const Limits& limits) : expected_(expected), limits_(limits) {}

  void check(std::int64_t step, const LossResult& loss, const at::Tensor& norm) {
    const bool first = step == 0;
    compare("loss", step, loss.total, first ? limits_.first_loss : limits_.loss, worst_loss_);
    compare("unscaled_loss", step, loss.unscaled, first ? limits_.first_loss : limits_.loss, worst_loss_);
    compare("grad_norm", step, norm, first ? limits_.first_norm : limits_.norm, worst_norm_);
    for (const std::string& term : loss.names) {
      if (!expected_.contains("term." + term)) continue;
      compare("term." + term, step, loss.value(term), limits_.term, worst_term_);
    }
  }
  void report() const {
    std::cout << "worst relative difference: loss " << worst_loss_ << ", term " << worst_term_ << ", norm "
              << worst_norm_ << "\n";
  }

 private:
  void compare(const std::string& name, std::int64_t step, const at::Tensor& actual, double limit, double& worst) {
    const double reference = expected_.at(name).select(0, step).item<double>();
    const double value = actual.item<double>();
    const double error = value == reference ? 0 : std::abs(value - reference) / std::max(std::abs(reference), 1e-30);
    worst = std::max(worst, error);
    EXPECT_LE(error, limit) << name << " of step " << step + 1;
  }

  const TensorDict& expected_;
  Limits limits_;
  double worst_loss_ = 0, worst_term_ = 0, worst_norm_ = 0;
};

void check_averages(const TensorDict& final_values, const Averages& averages, double mean_weight_limit, double decay,
                    std::int64_t steps) {
  const TensorDict after = with_prefix(final_values, "ema_updated_after_step.");
  const TensorDict before = with_prefix(final_values, "ema_updated_before_zero_grad.");
  if (after.empty() && before.empty()) return;
  // Each step takes over 1 - decay of what the weights differ by.
  const double limit = mean_weight_limit * (1 - decay) * static_cast<double>(steps);
  const Difference ours_after = difference(averages.after_step.state(), after);
  const Difference ours_before = difference(averages.before_zero_grad.state(), before);
  EXPECT_LE(ours_after.mean, limit);
  EXPECT_LE(ours_before.mean, limit);
  // The two orders must not be mistaken for each other.
  EXPECT_LT(ours_after.mean, difference(averages.after_step.state(), before).mean / 2);
  EXPECT_LT(ours_before.mean, difference(averages.before_zero_grad.state(), after).mean / 2);
  std::cout << "averages: " << ours_after.mean << ", " << ours_before.mean << " (orders differ by "
            << difference(after, before).mean << ")\n";
}

void check_final(const Trajectory& trajectory, const Limits& limits, const Adam& adam, const Averages& averages,
                 double decay, std::int64_t steps) {
  const TensorDict final_values = with_prefix(trajectory.expected, "final.");
  TensorDict weights;
  save_named(weights, "", adam.parameters(), tensors_of(adam.parameters()));
  const double mean = difference(weights, with_prefix(final_values, "weight.")).mean;
  EXPECT_LE(mean, limits.mean_weight) << "final weights";
  std::cout << "final weights: mean difference " << mean << "\n";
  const TensorDict state = adam.live_state();
  for (const char* moment : {"exp_avg.", "exp_avg_sq."}) {
    const TensorDict expected = with_prefix(final_values, std::string("adam.") + moment);
    if (expected.empty()) continue;
    const double relative = difference(with_prefix(state, moment), expected).relative;
    EXPECT_LE(relative, limits.moments) << moment;
    std::cout << moment << " relative difference " << relative << "\n";
  }
  check_averages(final_values, averages, limits.mean_weight, decay, steps);
}

class GoldenTrajectory : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTrajectory, EqualsOpenFold) {
  const Trajectory trajectory = load_trajectory(GetParam());
  const Limits& limits = trajectory.type == torch::kFloat64 ? float64_limits : float32_limits;
  const nlohmann::json& training = manifest().at("training");
  const nlohmann::json& optimiser = training.at("optimiser");
  ASSERT_EQ(optimiser.at("name"), "Adam");

  AlphaFold model = golden_model(trajectory.model.at("config"), trajectory.weights, trajectory.type);
  const AlphaFoldLoss loss(loss_config_from_json(trajectory.model.at("loss_config")));
  const NamedParameters parameters = named_parameters(model);
  Adam adam(parameters, {.lr = optimiser.at("lr"),
                         .beta1 = optimiser.at("betas").at(0),
                         .beta2 = optimiser.at("betas").at(1),
                         .eps = optimiser.at("eps"),
                         .weight_decay = optimiser.at("weight_decay")});
  const double decay = optimiser.at("ema_decay");
  Averages averages{{parameters, decay}, {parameters, decay}};
  const bool scheduled = trajectory.name.find("scheduled") != std::string::npos;
  const AlphaFoldLRScheduler scheduler(scheduled ? schedule(training.at("schedule")) : LrScheduleConfig{});

  const TensorDict features = recycling_slice(trajectory.batch, 0, trajectory.type);
  const TensorDict batch = map_tensors(features, [](const at::Tensor& t) { return t.unsqueeze(-1); });  // one pass
  const TensorDict expected = with_prefix(trajectory.expected, "trajectory.");
  const std::int64_t steps = expected.at("loss").size(0);
  StepChecker checker(expected, limits);
  for (std::int64_t step = 0; step < steps; ++step) {
    averages.before_zero_grad.update();
    adam.zero_grad();
    const LossResult result = loss.compute(model->forward(batch), features);
    result.total.backward();
    const ClippedNorm clipped = clip_gradients(tensors_of(parameters), optimiser.at("clip_global_norm"));
    checker.check(step, result, clipped.norm);
    if (scheduled) adam.set_lr(scheduler.at(step));
    EXPECT_NEAR(adam.lr(), expected.at("lr").select(0, step).item<double>(), 1e-6 * optimiser.at("lr").get<double>());
    adam.step(clipped.not_finite);
    averages.after_step.update();
  }
  checker.report();
  check_final(trajectory, limits, adam, averages, decay, steps);
}

INSTANTIATE_TEST_SUITE_P(Training, GoldenTrajectory, ::testing::ValuesIn(discover("training", "trajectory")),
                         case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTrajectory);

TEST(GoldenTrajectories, EveryFileIsRunAndThereIsOne) {
  expect_claimed("training", {"trajectory", "lr_schedule"});  // the latter by lr_schedule_test.cpp
  EXPECT_FALSE(discover("training").empty()) << "no case in " << golden_dir() / "training";
  // The small set that travels with the project has schedules only.
  if (golden_dir_is_explicit()) {
    EXPECT_FALSE(discover("training", "trajectory").empty()) << "no trajectory in " << golden_dir() / "training";
  }
}

}  // namespace
}  // namespace foldperf::testing
