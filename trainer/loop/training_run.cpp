#include "trainer/loop/training_run.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "trainer/checkpoint/atomic_file.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/checkpoint/configuration_changes.hpp"
#include "trainer/checkpoint/metrics_lines.hpp"
#include "trainer/checkpoint/resume.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/instrument/operator_ranges.hpp"
#include "trainer/instrument/ranges.hpp"
#include "trainer/loop/gpu_measurements.hpp"
#include "trainer/loop/metrics_log.hpp"
#include "trainer/loop/mlperf_log.hpp"
#include "trainer/loop/step_batches.hpp"
#include "trainer/loop/stop_signal.hpp"
#include "trainer/loop/tensorboard_log.hpp"
#include "trainer/optim/named_tensors.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A step whose numbers are still on their way, and what will be told with them.
struct StepUnderWay {
  PendingStep pending;
  std::vector<facts::BatchFact> samples;
  std::int64_t drift = 0;
  double data_wait_s = 0;
  QueueProgress data;  // with its samples
};

TrainingTensors live_tensors(Trainer& trainer) {
  TrainingTensors live;
  for (const auto& [name, tensor] : trainer.weights()) live.model[name] = tensor;
  live.average = trainer.average().live_state();
  live.optimizer = trainer.optimizer().live_state();
  return live;
}

class Run {
 public:
  Run(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved, std::ostream& out,
      ProgressStyle style, ResumePoint* resume, const RunBeginning& beginning)
      : trainer_(trainer),
        config_(config),
        folder_(make_folder(config.train.output)),
        progress_(out, style, config.train.steps) {
    const std::string metrics = (folder_ / "metrics.jsonl").string();
    make_saver(resolved, resume, beginning.overwrite);  // before any file is touched: it may refuse
    is_continued_ = resume != nullptr && take_up(*resume, resolved, metrics);
    saver_->set_metrics(metrics);
    // The file that may be anywhere comes first: where it cannot be written, the others are as they were.
    if (!config.train.mlperf_log.empty()) {
      observers_.push_back(std::make_unique<MlperfLog>(config.train.mlperf_log, MlperfLog::now_ms, beginning.init_ms));
    }
    observers_.push_back(std::make_unique<MetricsLog>(metrics));
    if (config.train.tensorboard)
      observers_.push_back(std::make_unique<TensorBoardLog>(folder_ / "tensorboard", print_config(resolved)));
    gpu_ = measure_gpu(trainer.device(), [this](const std::string& text) { progress_.note(text); });
    if (resume != nullptr && is_done()) observers_.clear();  // all was told
    AtomicFile file((folder_ / "config.toml").string());
    file.bytes().write(print_config(resolved));
    file.commit();
  }

  RunResult run(BatchSource& batches, EvaluationSource& evaluation) {
    const WorkStream stream(trainer_.device());
    try {
      for (const auto& observer : observers_) observer->run_start(run_start(batches, evaluation));
      saver_->begin();
      train(batches, evaluation);
    } catch (...) {
      // A damaged file in the middle of a run, gradients that stay infinite: what was learnt so far is kept.
      progress_.finish();
      result_.failed = true;
      keep_what_was_learnt();
      throw;
    }
    write_weights();
    for (const auto& observer : observers_) observer->run_end(result_);
    finish_checkpoints();
    tell_graphs();
    progress_.finish();
    return result_;
  }

 private:
  void train(BatchSource& source, EvaluationSource& evaluation) {
    const StopSignal signal;
    std::optional<OperatorRanges> operators;
    if (config_.profile.operators && instrumentation_enabled()) operators.emplace();
    StepBatches batches(config_, source);
    const std::int64_t first = result_.steps;
    // An evaluation that a resumed run had not finished.
    if (first == 0 ? config_.train.evaluate_at_start : is_evaluation_due(first) && evaluated_after_ != first) {
      evaluate(first, evaluation);
    }
    begin_step();
    try {
      for (std::int64_t step = first; step < config_.train.steps && !is_over(); ++step) {
        make_step(step, batches);
        const std::int64_t made = step + 1;
        if (is_evaluation_due(made) && !StopSignal::requested()) {
          complete_step();
          evaluate(made, evaluation);
        }
      }
    } catch (...) {
      complete_step_after_error();
      throw;
    }
    complete_step();
    if (config_.train.evaluate_at_end && !StopSignal::requested() && evaluated_after_ != result_.steps) {
      evaluate(result_.steps, evaluation);
    }
    result_.interrupted = StopSignal::requested();
  }

  [[nodiscard]] bool is_over() const { return StopSignal::requested() || result_.target_reached; }

  // Nothing is left to do.
  [[nodiscard]] bool is_done() const {
    const bool is_evaluated =
        evaluated_after_ == result_.steps || !(config_.train.evaluate_at_end || is_evaluation_due(result_.steps));
    return result_.target_reached || (result_.steps >= config_.train.steps && is_evaluated);
  }

  [[nodiscard]] RunStart run_start(const BatchSource& batches, const EvaluationSource& evaluation) const {
    RunStart start{config_, result_.steps};
    start.is_continued = is_continued_;
    start.is_evaluated = evaluated_after_ == result_.steps;
    start.evaluation_chains = evaluation.size();
    start.training_chains = batches.chains();
    for (const auto& [name, parameter] : trainer_.weights()) start.parameters += parameter.numel();
    start.precision = name_of(trainer_.precision());
    start.on_cpu = trainer_.device().is_cpu();
    return start;
  }

  [[nodiscard]] bool is_evaluation_due(std::int64_t made) const {
    return config_.train.evaluate_every > 0 && made % config_.train.evaluate_every == 0;
  }

  void make_saver(const nlohmann::json& resolved, ResumePoint* resume, bool overwrite) {
    CheckpointSaver::Options options;
    options.config = config_.checkpoint;
    options.run_folder = folder_;
    options.steps = config_.train.steps;
    options.first_step = resume != nullptr ? resume->state.counters.steps : 0;
    options.configuration = print_config(resolved);
    options.seed = config_.train.seed;
    options.ema_decay = config_.ema_decay;
    options.overwrite = overwrite;
    options.note = [this](const std::string& text) { progress_.note(text); };
    saver_.emplace(std::move(options), live_tensors(trainer_));
  }

  // Goes on where a checkpoint stands. Whether its run's metrics are in our folder, to be continued.
  bool take_up(ResumePoint& point, const nlohmann::json& resolved, const std::string& metrics) {
    const std::vector<std::string> changes = configuration_changes(point.state.configuration, resolved);
    restore_tensors(point, live_tensors(trainer_), changes);
    trainer_.publish();
    point.state.tensors = {};  // as much memory as all of the trainer's
    const RunCounters& counters = point.state.counters;
    result_.steps = launched_ = counters.steps;
    result_.skipped_steps = counters.skipped_steps;
    result_.nonfinite_terms = counters.nonfinite_terms;
    skipped_in_a_row_ = counters.skipped_in_a_row;
    evaluated_after_ = counters.evaluated_after;
    trained_on_ = point.state.data;
    progress_.note("going on after step " + std::to_string(counters.steps) + " of " +
                   std::to_string(config_.train.steps) + ", from " + point.file);
    for (const std::string& change : changes) progress_.note("another setting than the checkpoint's: " + change);
    if (const double target = config_.train.target_lddt_ca; target > 0 && point.lddt_ca >= target) {
      result_.target_reached = true;
      progress_.note("its evaluation has reached the target (train.target_lddt_ca) already");
    }
    std::error_code error;
    if (!fs::equivalent(folder_, point.run_folder, error)) return false;
    drop_lines_after(metrics, counters.steps, counters.evaluated_after == counters.steps);
    return true;
  }

  [[nodiscard]] RunCounters counters() const {
    return {result_.steps, result_.skipped_steps, skipped_in_a_row_, result_.nonfinite_terms, evaluated_after_};
  }

  // No step is under way.
  void finish_checkpoints() {
    const PhaseRange phase(facts::phase::checkpoint);
    saver_->finish(counters(), trained_on_);
  }

  // While another error is on its way: what one of these cannot do must not keep the others from their work.
  void keep_what_was_learnt() noexcept {
    const auto keep = [this](const char* what, const auto& write) {
      try {
        write();
      } catch (const std::exception& error) {
        progress_.note(std::string(what) + " could not be kept: " + error.what());
      }
    };
    for (const auto& observer : observers_) keep("a log", [&] { observer->run_end(result_); });
    if (result_.steps == 0) return;
    keep("the weights", [this] {
      write_weights();
      progress_.note("the weights after " + std::to_string(result_.steps) + " steps are in " + folder_.string());
    });
    // An update that broke off may have changed a part of the state.
    if (!trainer_.is_updating() && launched_ == result_.steps) keep("a checkpoint", [this] { finish_checkpoints(); });
  }

  static fs::path make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw SystemError(path + ": the output folder cannot be made: " + error.message());
    return path;
  }

  // A GPU is given the next step before the numbers of the one before are read, so that it never waits for us.
  void make_step(std::int64_t step, StepBatches& batches) {
    const StepRange range(step);
    const auto start = Clock::now();
    StepUnderWay next;
    std::vector<TrainingBatch> parts;
    {
      const PhaseRange phase(facts::phase::data_wait);
      parts = batches.next(step);
    }
    next.data_wait_s = seconds_since(start);
    for (TrainingBatch& part : parts) {
      next.samples.push_back(part.about);
      next.samples.insert(next.samples.end(), part.more.begin(), part.more.end());
    }
    for (const facts::BatchFact& sample : next.samples) emit_fact(sample);
    next.drift = parts.back().drift;
    next.data = parts.back().progress;
    next.pending = trainer_.launch(step, parts);
    launched_ = step + 1;
    emit_fact(facts::StepFact{step, static_cast<std::int64_t>(next.samples.size())});
    complete(std::exchange(under_way_, std::move(next)));
    refuse_endless_skips();
    if (saver_->is_due(launched_)) {
      const PhaseRange phase(facts::phase::checkpoint);
      saver_->take(launched_, under_way_->data);
    }
    if (trainer_.device().is_cpu()) complete_step();
  }

  // Waits for the numbers of the step that was submitted last, if any, and tells them.
  void complete_step() {
    complete(std::exchange(under_way_, std::nullopt));
    refuse_endless_skips();
  }

  void complete(std::optional<StepUnderWay> step) {
    if (!step) return;
    StepUnderWay& done = *step;
    const StepMetrics metrics = trainer_.finish(std::move(done.pending));
    const double step_s = seconds_since(step_began_);
    begin_step();
    const std::string& chain = done.samples.front().chain;
    emit_metrics(metrics, chain, done.drift);
    ++result_.steps;
    trained_on_ = std::move(done.data);
    account(metrics, chain);
    for (const auto& [phase, gib] : trainer_.memory().peaks_gib())
      device_measurements_["memory_peak_gib." + phase] = gib;
    if (trainer_.memory().counts()) device_measurements_["memory_reserved_gib"] = trainer_.memory().peak_reserved_gib();
    const StepRecord record{metrics, done.samples, done.drift, step_s, done.data_wait_s, device_measurements_};
    for (const auto& observer : observers_) observer->step(record);
    progress_.step(metrics.step, metrics.loss, metrics.lddt_ca, metrics.samples);
    saver_->report();
    saver_->write(counters());
  }

  void refuse_endless_skips() const {
    if (skipped_in_a_row_ < config_.train.max_nonfinite_steps) return;
    throw Error("the gradient was not finite in " + std::to_string(skipped_in_a_row_) +
                " steps in a row, the last of them " + last_skipped_ +
                "; lower schedule.max_lr or look at that chain (metrics in " + (folder_ / "metrics.jsonl").string() +
                ")");
  }

  // The weights hold that step already: it is counted, whatever stopped the next one.
  void complete_step_after_error() noexcept {
    try {
      complete(std::exchange(under_way_, std::nullopt));
    } catch (const std::exception& error) {
      progress_.note(std::string("the numbers of the last step are lost: ") + error.what());
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
  void account(const StepMetrics& metrics, const std::string& chain) {
    for (const std::string& name : metrics.nonfinite_terms) {
      ++result_.nonfinite_terms[name];
      progress_.note("step " + std::to_string(metrics.step) + ", chain " + chain + ": loss term " + name +
                     " is not finite and counts as 0");
    }
    skipped_in_a_row_ = metrics.skipped ? skipped_in_a_row_ + 1 : 0;
    if (metrics.skipped) {
      last_skipped_ = "step " + std::to_string(metrics.step) + " on chain " + chain;
      ++result_.skipped_steps;
      progress_.note("step " + std::to_string(metrics.step) + ", chain " + chain +
                     ": the gradient is not finite; step skipped");
    }
  }

  // No step is under way.
  void evaluate(std::int64_t steps_made, EvaluationSource& evaluation) {
    if (evaluation.size() == 0) return;
    for (const auto& observer : observers_) observer->evaluation_start(steps_made);
    const auto start = Clock::now();
    result_.last_evaluation = trainer_.evaluate(
        evaluation, {StopSignal::requested, {}, [this](const std::string& text) { progress_.note(text); }});
    const EvaluationRecord record{steps_made, result_.last_evaluation, seconds_since(start)};
    for (const ChainMetrics& chain : record.chains) {
      for (const auto& [name, value] : chain.values) {
        emit_fact(facts::MetricFact{steps_made, name, value, "eval", chain.chain});
      }
    }
    for (const auto& observer : observers_) observer->evaluation(record);
    tell_evaluation(record, evaluation.size());
    if (record.is_complete()) {
      evaluated_after_ = steps_made;
      const auto& mean = record.chains.back().values;
      const auto lddt = mean.find("lddt_ca");  // none where no chain could be evaluated
      if (steps_made > 0) saver_->evaluated(counters(), trained_on_, lddt == mean.end() ? std::nan("") : lddt->second);
    }
    begin_step();
  }

  // What is measured from here on is the next step's.
  void begin_step() {
    step_began_ = Clock::now();
    if (!gpu_) return;
    for (const auto& [name, value] : gpu_->take()) device_measurements_.insert_or_assign(name, value);
  }

  void tell_evaluation(const EvaluationRecord& record, std::size_t chains) {
    if (!record.is_complete()) {
      progress_.note("evaluation after step " + std::to_string(record.steps) + " stopped");
      return;
    }
    const auto& mean = record.chains.back().values;
    if (!mean.contains("lddt_ca")) {
      progress_.note("evaluation after step " + std::to_string(record.steps) + ": no chain could be evaluated");
      return;
    }
    std::ostringstream text;
    text.precision(3);
    text << std::fixed << "evaluation after step " << record.steps << ", " << chains
         << (chains == 1 ? " chain" : " chains") << ", averaged weights: lDDT-Ca " << mean.at("lddt_ca") << "  RMSD "
         << mean.at("alignment_rmsd") << " A  GDT-TS " << mean.at("gdt_ts");
    progress_.note(text.str());
    const double target = config_.train.target_lddt_ca;
    if (target > 0 && mean.at("lddt_ca") >= target) {
      result_.target_reached = true;
      progress_.note("the target (train.target_lddt_ca) is reached");
    }
  }

  void tell_graphs() {
    const GraphCounts counts = trainer_.graph_counts();
    if (counts.captured + counts.eager == 0) return;
    progress_.note("CUDA graphs: " + std::to_string(counts.captured) + " captured, " + std::to_string(counts.replayed) +
                   " replays, " + std::to_string(counts.eager) + " runs without, " +
                   std::to_string(counts.refused.size()) + " could not be captured");
  }

  void write_weights() {
    const PhaseRange phase(facts::phase::checkpoint);
    save_tensors((folder_ / "weights.pt").string(), trainer_.average().state());
    TensorDict raw;
    save_named(raw, "", trainer_.weights(), tensors_of(trainer_.weights()));
    save_tensors((folder_ / "weights_raw.pt").string(), raw);
  }

  Trainer& trainer_;
  const TrainerConfig& config_;
  fs::path folder_;
  bool is_continued_ = false;  // its logs go on with those of the run before
  std::vector<std::unique_ptr<RunObserver>> observers_;
  Progress progress_;
  RunResult result_;
  std::optional<StepUnderWay> under_way_;
  Clock::time_point step_began_;
  std::unique_ptr<telemetry::GpuSampler> gpu_;
  std::map<std::string, double> device_measurements_;
  std::int64_t skipped_in_a_row_ = 0;
  std::string last_skipped_;           // step and chain
  std::int64_t evaluated_after_ = -1;  // steps made at the last evaluation that was finished
  std::int64_t launched_ = 0;          // steps that the state holds
  QueueProgress trained_on_;           // with the samples of result_.steps
  std::optional<CheckpointSaver> saver_;
};

}  // namespace

RunResult run_training(const TrainerConfig& config, const nlohmann::json& resolved, BatchSource& batches,
                       EvaluationSource& evaluation, std::ostream& out, ProgressStyle style, ResumePoint* resume,
                       const RunBeginning& beginning) {
  if (config.train.threads > 0) at::set_num_threads(static_cast<int>(config.train.threads));
  const auto note = [&out](const std::string& text) { out << "foldperf-train: " << text << std::endl; };
  TrainerConfig start = config;
  if (resume != nullptr) start.train.initial_weights.clear();  // the checkpoint's are later ones
  Trainer trainer(start, choose_device(config.train.device), note);
  return run_training(trainer, config, resolved, batches, evaluation, out, style, resume, beginning);
}

RunResult run_training(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved,
                       BatchSource& batches, EvaluationSource& evaluation, std::ostream& out, ProgressStyle style,
                       ResumePoint* resume, const RunBeginning& beginning) {
  return Run(trainer, config, resolved, out, style, resume, beginning).run(batches, evaluation);
}

}  // namespace foldperf::trainer
