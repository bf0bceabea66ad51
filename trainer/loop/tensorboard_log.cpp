#include "trainer/loop/tensorboard_log.hpp"

#include <cmath>
#include <sstream>
#include <vector>

namespace foldperf::trainer {

namespace {

using telemetry::Scalar;

// As a block of code.
std::string as_markdown(const std::string& text) {
  std::string markdown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) markdown.append("    ").append(line).append("\n");
  return markdown;
}

// Groups of charts: "memory_peak_gib.forward" is memory/peak_gib.forward, all else that is measured the GPU's.
std::string device_tag(const std::string& name) {
  if (name.rfind("memory_", 0) == 0 && name != "memory_clock_mhz") return "memory/" + name.substr(7);
  return "gpu/" + name;
}

// A score of nothing is NaN and no point of a chart; a norm that is infinite is shown as such.
void add_score(std::vector<Scalar>& scalars, const std::string& tag, double value) {
  if (!std::isnan(value)) scalars.push_back({tag, value});
}

}  // namespace

void TensorBoardLog::run_start(const RunStart& start) {
  const TrainConfig& train = start.config.train;
  told_steps_ = ToldSteps(train);
  // At first_step stand the last training step before and an evaluation after it. They are kept, unless the evaluation
  // was broken off and will be made again: TensorBoard drops by step, and cannot drop its points alone.
  const bool is_due = (train.evaluate_every > 0 && start.first_step % train.evaluate_every == 0) ||
                      (train.evaluate_at_end && start.first_step >= train.steps);
  const bool is_repeated = is_due && !start.is_evaluated && start.evaluation_chains > 0;
  file_.emplace(folder_, start.first_step == 0 || is_repeated ? start.first_step : start.first_step + 1);
  file_->text(start.first_step, "config/text_summary", as_markdown(config_));
}

void TensorBoardLog::step(const StepRecord& record) {
  const StepMetrics& metrics = record.metrics;
  if (metrics.skipped) ++skipped_steps_;
  if (!told_steps_.has(metrics)) return;
  std::vector<Scalar> scalars = {{"train/loss", metrics.loss}, {"train/unscaled_loss", metrics.unscaled_loss}};
  for (const auto& [name, value] : metrics.terms) scalars.push_back({"train/loss/" + name, value});
  add_score(scalars, "train/lddt_ca", metrics.lddt_ca);
  add_score(scalars, "train/drmsd_ca", metrics.drmsd_ca);
  scalars.push_back({"train/grad_norm", metrics.gradient_norm});
  scalars.push_back({"train/learning_rate", metrics.learning_rate});
  scalars.push_back({"train/skipped_steps", static_cast<double>(skipped_steps_)});
  scalars.push_back({"time/step_s", record.step_s});
  scalars.push_back({"time/data_wait_s", record.data_wait_s});
  for (const auto& [name, value] : record.device) scalars.push_back({device_tag(name), value});
  file_->scalars(metrics.step + 1, scalars);
}

void TensorBoardLog::evaluation(const EvaluationRecord& record) {
  std::vector<Scalar> scalars;
  for (const ChainMetrics& chain : record.chains) {
    if (chain.chain.empty()) {
      for (const auto& [name, value] : chain.values) add_score(scalars, "eval/" + name, value);
    } else if (const auto score = chain.values.find("lddt_ca"); score != chain.values.end()) {
      // A chart a chain, in a group that can be folded; the other scores of chains are in metrics.jsonl.
      add_score(scalars, "eval_chains/lddt_ca/" + chain.chain, score->second);
    }
  }
  if (record.is_complete()) scalars.push_back({"time/evaluation_s", record.seconds});
  file_->scalars(record.steps, scalars);
}

void TensorBoardLog::run_end(const RunResult&) {
  if (file_) file_->close();
}

}  // namespace foldperf::trainer
