#include "trainer/loop/training_run.hpp"

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/output_file.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/instrument/operator_ranges.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/loop/metrics_log.hpp"
#include "trainer/loop/stop_signal.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Run {
 public:
  Run(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved, std::ostream& out,
      ProgressStyle style)
      : trainer_(trainer),
        config_(config),
        folder_(make_folder(config.train.output)),
        metrics_((folder_ / "metrics.jsonl").string()),
        progress_(out, style, config.train.steps) {
    OutputFile file((folder_ / "config.toml").string());
    file.write(print_config(resolved));
    file.close();
  }

  RunResult run(BatchSource& batches, EvaluationSource& evaluation) {
    try {
      train(batches, evaluation);
    } catch (...) {
      // A damaged file in the middle of a run, gradients that stay infinite: what was learnt so far is kept.
      progress_.finish();
      if (result_.steps > 0) keep_weights();
      throw;
    }
    write_weights();
    metrics_.close();
    progress_.finish();
    return result_;
  }

 private:
  void train(BatchSource& batches, EvaluationSource& evaluation) {
    const StopSignal signal;
    std::optional<OperatorRanges> operators;
    if (config_.profile.operators && instrumentation_enabled()) operators.emplace();
    std::int64_t evaluated_at = -1;
    if (config_.train.evaluate_at_start) evaluate(0, evaluation);
    for (std::int64_t step = 0; step < config_.train.steps && !StopSignal::requested(); ++step) {
      make_step(step, batches);
      const std::int64_t made = step + 1;
      if (config_.train.evaluate_every > 0 && made % config_.train.evaluate_every == 0 && !StopSignal::requested()) {
        evaluate(made, evaluation);
        evaluated_at = made;
      }
    }
    if (config_.train.evaluate_at_end && !StopSignal::requested() && evaluated_at != result_.steps) {
      evaluate(result_.steps, evaluation);
    }
    result_.interrupted = StopSignal::requested();
  }

  // While another error is on its way.
  void keep_weights() noexcept {
    try {
      write_weights();
      metrics_.close();
      progress_.note("the weights after " + std::to_string(result_.steps) + " steps are in " + folder_.string());
    } catch (const std::exception& error) {
      progress_.note(std::string("the weights could not be kept: ") + error.what());
    }
  }

  static fs::path make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw SystemError(path + ": the output folder cannot be made: " + error.message());
    return path;
  }

  void make_step(std::int64_t step, BatchSource& batches) {
    const auto start = std::chrono::steady_clock::now();
    const StepRange range(step);
    TrainingBatch batch;
    {
      const PhaseRange phase(facts::phase::data_wait);
      batch = batches.next();
    }
    batch.about.step = step;
    const double wait_s = seconds_since(start);
    emit_fact(batch.about);
    const StepMetrics metrics = trainer_.step(step, batch);
    emit_fact(facts::StepFact{step, 1});
    emit_metrics(metrics, batch.about.chain, batch.drift);
    ++result_.steps;
    account(metrics, batch.about);
    if (step % config_.train.log_every == 0 || metrics.skipped || !metrics.nonfinite_terms.empty() ||
        step + 1 == config_.train.steps) {
      write_step(metrics, batch, seconds_since(start), wait_s);
    }
    progress_.step(step, metrics.loss, metrics.lddt_ca);
    if (skipped_in_a_row_ >= config_.train.max_nonfinite_steps) {
      throw Error("the gradient was not finite in " + std::to_string(skipped_in_a_row_) +
                  " steps in a row, the last of them step " + std::to_string(step) + " on chain " + batch.about.chain +
                  "; lower schedule.max_lr or look at that chain (metrics in " + (folder_ / "metrics.jsonl").string() +
                  ")");
    }
  }

  static void emit_metrics(const StepMetrics& metrics, const std::string& chain, std::int64_t drift) {
    if (!instrumentation_enabled()) return;
    const auto emit = [&](const std::string& name, double value) {
      emit_fact(facts::MetricFact{metrics.step, name, value, "train", chain});
    };
    emit("loss", metrics.loss);
    for (const auto& [name, value] : metrics.terms) emit("loss." + name, value);
    emit("lddt_ca", metrics.lddt_ca);
    emit("grad_norm", metrics.gradient_norm);
    emit("learning_rate", metrics.learning_rate);
    emit("data_drift", static_cast<double>(drift));
  }

  // Counts what went wrong in a step, and says so.
  void account(const StepMetrics& metrics, const facts::BatchFact& batch) {
    for (const std::string& name : metrics.nonfinite_terms) {
      ++result_.nonfinite_terms[name];
      progress_.note("step " + std::to_string(metrics.step) + ", chain " + batch.chain + ": loss term " + name +
                     " is not finite and counts as 0");
    }
    skipped_in_a_row_ = metrics.skipped ? skipped_in_a_row_ + 1 : 0;
    if (metrics.skipped) {
      ++result_.skipped_steps;
      progress_.note("step " + std::to_string(metrics.step) + ", chain " + batch.chain +
                     ": the gradient is not finite; step skipped");
    }
  }

  void write_step(const StepMetrics& metrics, const TrainingBatch& from, double step_s, double wait_s) {
    const facts::BatchFact& batch = from.about;
    ordered_json line = {{"kind", "train"},          {"step", metrics.step}, {"chain", batch.chain},
                         {"length", batch.length},   {"crop", batch.crop},   {"alignment_depth", batch.alignment_depth},
                         {"passes", metrics.passes}, {"loss", metrics.loss}, {"unscaled_loss", metrics.unscaled_loss}};
    for (const auto& [name, value] : metrics.terms) line["loss." + name] = value;
    line["lddt_ca"] = metrics.lddt_ca;
    line["drmsd_ca"] = metrics.drmsd_ca;
    line["grad_norm"] = metrics.gradient_norm;
    line["learning_rate"] = metrics.learning_rate;
    if (metrics.skipped) line["skipped"] = true;
    if (!metrics.nonfinite_terms.empty()) line["nonfinite_terms"] = metrics.nonfinite_terms;
    line["step_s"] = step_s;
    line["data_wait_s"] = wait_s;
    line["data_drift"] = from.drift;
    metrics_.write(line);
  }

  void evaluate(std::int64_t steps_made, EvaluationSource& evaluation) {
    if (evaluation.size() == 0) return;
    const auto start = std::chrono::steady_clock::now();
    result_.last_evaluation = trainer_.evaluate(evaluation, StopSignal::requested);
    const double seconds = seconds_since(start);
    for (const ChainMetrics& chain : result_.last_evaluation) {
      ordered_json line = {{"kind", chain.chain.empty() ? "eval_mean" : "eval"}, {"step", steps_made}};
      if (!chain.chain.empty()) {
        line["chain"] = chain.chain;
        line["length"] = chain.length;
      }
      for (const auto& [name, value] : chain.values) {
        line[name] = value;
        emit_fact(facts::MetricFact{steps_made, name, value, "eval", chain.chain});
      }
      if (chain.chain.empty()) line["evaluation_s"] = seconds;
      metrics_.write(line);
    }
    if (result_.last_evaluation.empty() || !result_.last_evaluation.back().chain.empty()) {
      progress_.note("evaluation after step " + std::to_string(steps_made) + " stopped");
      return;
    }
    const auto& mean = result_.last_evaluation.back().values;
    std::ostringstream text;
    text.precision(3);
    text << std::fixed << "evaluation after step " << steps_made << ", " << evaluation.size()
         << (evaluation.size() == 1 ? " chain" : " chains") << ", averaged weights: lDDT-Ca " << mean.at("lddt_ca")
         << "  RMSD " << mean.at("alignment_rmsd") << " A  GDT-TS " << mean.at("gdt_ts");
    progress_.note(text.str());
  }

  void write_weights() {
    const PhaseRange phase(facts::phase::checkpoint);
    save_tensors((folder_ / "weights.pt").string(), trainer_.average().state());
    save_tensors((folder_ / "weights_raw.pt").string(), weights_of(*trainer_.model()));
  }

  Trainer& trainer_;
  const TrainerConfig& config_;
  fs::path folder_;
  MetricsLog metrics_;
  Progress progress_;
  RunResult result_;
  std::int64_t skipped_in_a_row_ = 0;
};

}  // namespace

RunResult run_training(const TrainerConfig& config, const nlohmann::json& resolved, BatchSource& batches,
                       EvaluationSource& evaluation, std::ostream& out, ProgressStyle style) {
  if (config.train.threads > 0) at::set_num_threads(static_cast<int>(config.train.threads));
  Trainer trainer(config, choose_device(config.train.device));
  return run_training(trainer, config, resolved, batches, evaluation, out, style);
}

RunResult run_training(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved,
                       BatchSource& batches, EvaluationSource& evaluation, std::ostream& out, ProgressStyle style) {
  return Run(trainer, config, resolved, out, style).run(batches, evaluation);
}

}  // namespace foldperf::trainer
