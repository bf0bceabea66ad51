#include "trainer/checkpoint/checkpoint_saver.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "trainer/checkpoint/atomic_file.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

fs::path checkpoints_of(const fs::path& run_folder) { return run_folder / "checkpoints"; }

void refuse_later_checkpoints(const fs::path& run_folder, std::int64_t first_step) {
  const auto all = CheckpointFolder(checkpoints_of(run_folder)).all();
  if (all.empty() || all.front().steps <= first_step) return;
  const std::string file = all.front().path.string();
  if (first_step == 0) {
    throw UsageError(file +
                     " is of an earlier run: --resume goes on with it, --overwrite removes that run's checkpoints, "
                     "and --output begins in another folder");
  }
  throw UsageError(file + " is of more steps than the " + std::to_string(first_step) +
                   " that this run begins with: move it away, or go on in another folder (--output)");
}

CheckpointSaver::CheckpointSaver(Options options, TrainingTensors live)
    : options_(std::move(options)), folder_(checkpoints_of(options_.run_folder)), live_(std::move(live)) {
  if (!options_.overwrite) refuse_later_checkpoints(options_.run_folder, options_.first_step);
  const bool is_on_host = live_.model.empty() || live_.model.begin()->second.is_cpu();
  const bool is_wanted = options_.config.every_steps > 0 || options_.config.at_end || options_.config.keep_best > 0;
  if (is_wanted && !is_on_host) copy_.emplace(live_);
}

CheckpointSaver::~CheckpointSaver() = default;

void CheckpointSaver::begin() {
  if (options_.overwrite) folder_.clear();
  folder_.remove_partial();
}

Retention CheckpointSaver::retention() const { return {options_.config.keep_last, options_.config.keep_best}; }

bool CheckpointSaver::is_due(std::int64_t steps) const {
  // The last one is finish()'s.
  return options_.config.every_steps > 0 && steps % options_.config.every_steps == 0 && steps < options_.steps;
}

void CheckpointSaver::copy(std::int64_t steps, const QueueProgress& data) {
  if (!copy_) copy_.emplace(live_);
  copy_->take();
  taken_ = {};
  taken_.counters.steps = steps;
  taken_.data = data;
  is_taken_ = true;
}

void CheckpointSaver::take(std::int64_t steps, const QueueProgress& data) {
  if (writer_.is_busy()) {
    if (++left_out_ > 1) return;  // told once, and counted at the end
    options_.note("the checkpoint after step " + std::to_string(steps) + " is left out: that after step " +
                  std::to_string(last_) + " is still being written (checkpoint.every_steps is " +
                  std::to_string(options_.config.every_steps) + ")");
    return;
  }
  report();
  copy(steps, data);
}

void CheckpointSaver::write(const RunCounters& counters) {
  if (!is_taken_ || counters.steps != taken_.counters.steps) return;
  start_writing(counters);
}

void CheckpointSaver::start_writing(RunCounters counters) {
  is_taken_ = false;
  last_ = counters.steps;
  taken_.counters = std::move(counters);
  taken_.seed = options_.seed;
  taken_.ema_decay = options_.ema_decay;
  taken_.configuration = options_.configuration;
  const std::optional<double> lddt_ca = evaluated_after_ == last_ ? std::optional(lddt_ca_) : std::nullopt;
  writer_.start([this, lddt_ca, steps = last_] {
    copy_->wait();
    folder_.create();
    // Before there is a checkpoint that says that these lines are written.
    if (!metrics_.empty()) make_durable(metrics_);
    if (lddt_ca) {
      folder_.note_evaluation(steps, *lddt_ca);
    } else {
      folder_.forget_evaluation(steps);
    }
    taken_.tensors = copy_->tensors();
    write_checkpoint(folder_.file(steps).string(), taken_);
    folder_.retain(retention());
  });
}

void CheckpointSaver::evaluated(const RunCounters& counters, const QueueProgress& data, double lddt_ca) {
  const std::int64_t steps = counters.steps;
  writer_.wait();
  report();
  evaluated_after_ = steps;
  lddt_ca_ = lddt_ca;
  try {
    if (is_there(steps)) {
      if (!metrics_.empty()) make_durable(metrics_);
      folder_.note_evaluation(steps, lddt_ca);
    } else if (folder_.would_be_best(lddt_ca, retention())) {
      copy(steps, data);
      start_writing(counters);
    }
  } catch (const SystemError& error) {
    options_.note(std::string(error.what()) + "; that the checkpoint after step " + std::to_string(steps) +
                  " was evaluated is not written down");
  }
}

bool CheckpointSaver::is_there(std::int64_t steps) const {
  return (last_ == steps || options_.first_step == steps) && fs::exists(folder_.file(steps));
}

void CheckpointSaver::finish(const RunCounters& counters, const QueueProgress& data) {
  const CheckpointConfig& config = options_.config;
  writer_.wait();
  report();
  const std::int64_t steps = counters.steps;
  const bool is_wanted = config.at_end || (config.every_steps > 0 && steps % config.every_steps == 0);
  if (is_wanted && !is_there(steps) && steps > 0) {
    copy(steps, data);
    start_writing(counters);
    writer_.wait();
    if (const std::exception_ptr error = writer_.take_error()) std::rethrow_exception(error);
  }
  if (left_out_ > 0) {
    options_.note(std::to_string(left_out_) + (left_out_ == 1 ? " checkpoint was" : " checkpoints were") +
                  " left out because the one before was still being written; set checkpoint.every_steps higher");
  }
}

void CheckpointSaver::report() {
  const std::exception_ptr error = writer_.take_error();
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    options_.note("the checkpoint after step " + std::to_string(last_) + " could not be written: " + failure.what() +
                  "; training goes on, and earlier checkpoints are kept");
  }
}

}  // namespace foldperf::trainer
