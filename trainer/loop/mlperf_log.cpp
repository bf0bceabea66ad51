#include "trainer/loop/mlperf_log.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "trainer/checkpoint/mlperf_lines.hpp"

namespace foldperf::trainer {

using nlohmann::ordered_json;

namespace {

constexpr const char* interval_start = "INTERVAL_START";
constexpr const char* interval_end = "INTERVAL_END";
constexpr const char* point_in_time = "POINT_IN_TIME";

// What MLPerf's launchers say about a submission.
std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace

std::int64_t MlperfLog::now_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

MlperfLog::MlperfLog(std::string path, Clock clock, std::optional<std::int64_t> init_ms)
    : path_(std::move(path)), clock_(std::move(clock)), init_ms_(init_ms ? *init_ms : clock_()) {}
MlperfLog::~MlperfLog() = default;

void MlperfLog::write(const char* type, const char* key, const ordered_json& value, const ordered_json& metadata,
                      std::int64_t time_ms) {
  last_ms_ = std::max(last_ms_, time_ms);  // a clock that was set back does not turn the order round
  const ordered_json line{{"namespace", ""}, {"time_ms", last_ms_}, {"event_type", type},
                          {"key", key},      {"value", value},      {"metadata", metadata}};
  file_->write(":::MLLOG " + line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

void MlperfLog::event(const char* key, const ordered_json& value) {
  write(point_in_time, key, value, ordered_json::object(), clock_());
}

void MlperfLog::write_settings(const RunStart& start) {
  const TrainerConfig& config = start.config;
  event("submission_benchmark", "openfold");
  event("submission_org", from_environment("MLPERF_SUBMISSION_ORG", "none"));
  event("submission_platform", from_environment("MLPERF_SUBMISSION_PLATFORM", "none"));
  event("submission_division", from_environment("MLPERF_DIVISION", "open"));
  event("submission_status", from_environment("MLPERF_STATUS", "research"));
  event("seed", config.train.seed);
  event("number_of_ranks", 1);
  event("number_of_nodes", 1);
  event("accelerators_per_node", start.on_cpu ? 0 : 1);
  event("global_batch_size", batch_);
  event("gradient_accumulation_steps", config.train.accumulate_grad_batches);
  event("target_avg_lddt_ca_value", target_);
  if (!config.data.source.max_release_date.empty())
    event("train_max_pdb_release_date", config.data.source.max_release_date);
  event("val_every_iters", every_);
  event("precision", start.precision);
  event("train_sequence_crop_size", config.data.train.crop_size);
  event("num_recycling_iters", config.data.common.max_recycling_iters);
  event("max_msa_clusters", config.data.train.max_msa_clusters);
  event("max_extra_msa", config.data.train.max_extra_msa);
  event("templates_enabled", config.model.template_.enabled);
  event("max_templates", config.data.train.max_templates);
  event("fape_loss_weight", config.loss.fape.weight);
  event("fape_loss_backbone_weight", config.loss.fape.backbone.weight);
  event("fape_loss_sidechain_weight", config.loss.fape.sidechain.weight);
  event("supervised_chi_loss_weight", config.loss.supervised_chi.weight);
  event("distogram_loss_weight", config.loss.distogram.weight);
  event("masked_msa_loss_weight", config.loss.masked_msa.weight);
  event("plddt_loss_weight", config.loss.plddt_loss.weight);
  event("opt_name", "Adam");
  event("opt_base_learning_rate", config.schedule.max_lr);
  event("opt_adam_beta_1", config.optimizer.beta_1);
  event("opt_adam_beta_2", config.optimizer.beta_2);
  event("opt_adam_epsilon", config.optimizer.eps);
  event("opt_weight_decay", 0.0);
  event("opt_amsgrad", false);
  event("opt_gradient_clipping", config.clip_max_norm > 0);
  event("opt_gradient_clip_norm", config.clip_max_norm);
  event("opt_learning_rate_warmup_init", config.schedule.base_lr);
  event("opt_learning_rate_warmup_steps", config.schedule.warmup_no_steps);
  if (!config.train.initial_weights.empty()) event("init_checkpoint", config.train.initial_weights);
  event("swa_enabled", true);
  event("swa_decay_rate", config.ema_decay);
  event("model_parameters_count", start.parameters);
}

void MlperfLog::run_start(const RunStart& start) {
  const TrainerConfig& config = start.config;
  batch_ = config.train.batch_size * config.train.accumulate_grad_batches;
  steps_ = config.train.steps;
  made_ = start.first_step;
  every_ = config.train.evaluate_every;
  target_ = config.train.target_lddt_ca;
  if (start.is_continued) drop_mlperf_lines_after(path_, start.first_step, start.is_evaluated);
  file_ =
      std::make_unique<OutputFile>(path_, start.first_step > 0 ? OutputFile::Mode::append : OutputFile::Mode::truncate);
  write(interval_start, "init_start", nullptr, ordered_json::object(), init_ms_);
  event("cache_clear", false);  // the system's page cache is left as it is
  write_settings(start);
  write(interval_end, "init_stop", nullptr, ordered_json::object(), clock_());
  write(interval_start, "run_start", nullptr, {{"first_step", start.first_step}}, clock_());
  event("train_samples", start.training_chains);
  event("eval_samples", start.evaluation_chains);
  event("initial_training_dataloader_type", config.data.loader.order);
}

void MlperfLog::step(const StepRecord& record) {
  const std::int64_t step = record.metrics.step;
  if (epoch_num_ == 0) {
    const std::int64_t last = every_ > 0 ? std::min((step / every_ + 1) * every_, steps_) : steps_;
    epoch_num_ = samples(last);
    epoch_first_step_ = step;
    epoch_start_ms_ = std::max(last_ms_, clock_() - static_cast<std::int64_t>(record.step_s * 1000));
    epoch_wait_s_ = 0;
    write(interval_start, "epoch_start", nullptr, about(epoch_num_, step), epoch_start_ms_);
  }
  epoch_wait_s_ += record.data_wait_s;
  made_ = step + 1;
}

ordered_json MlperfLog::about(std::int64_t epoch_num, std::int64_t steps) {
  return {{"epoch_num", epoch_num}, {"step", steps}};
}

void MlperfLog::end_epoch() {
  if (epoch_num_ == 0) return;
  const std::int64_t now = clock_();
  write(interval_end, "epoch_stop", nullptr, about(epoch_num_, made_), now);
  const auto steps = static_cast<double>(made_ - epoch_first_step_);
  const double seconds = static_cast<double>(now - epoch_start_ms_) / 1000;
  const ordered_json when{{"step", made_}};
  if (seconds > 0) {
    write(point_in_time, "tracked_stats", {{"throughput", steps * static_cast<double>(batch_) / seconds}}, when, now);
  }
  write(point_in_time, "tracked_stats", {{"avg_perf_next_batch", epoch_wait_s_ / steps}}, when, now);
  epoch_num_ = 0;
}

void MlperfLog::evaluation_start(std::int64_t steps) {
  end_epoch();
  write(interval_start, "eval_start", nullptr, about(samples(steps), steps), clock_());
}

void MlperfLog::evaluation(const EvaluationRecord& record) {
  const ordered_json when = about(samples(record.steps), record.steps);
  if (record.is_complete()) {
    const auto& mean = record.chains.back().values;
    const auto found = mean.find("lddt_ca");
    const bool known = found != mean.end() && std::isfinite(found->second);
    write(point_in_time, "eval_accuracy", known ? ordered_json(found->second) : ordered_json(nullptr), when, clock_());
  }
  write(interval_end, "eval_stop", nullptr, when, clock_());
}

void MlperfLog::run_end(const RunResult& result) {
  if (!file_) return;
  end_epoch();
  const bool success = !result.failed && (target_ > 0 ? result.target_reached : !result.interrupted && made_ >= steps_);
  write(interval_end, "run_stop", nullptr,
        {{"status", success ? "success" : "aborted"}, {"epoch_num", samples(made_)}, {"step", made_}}, clock_());
  file_->close();
  file_.reset();
}

}  // namespace foldperf::trainer
