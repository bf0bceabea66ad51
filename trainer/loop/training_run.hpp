// A training run from its first step to its last, or to Ctrl-C: steps, evaluations, metrics, progress, weights.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

#include "trainer/loop/progress.hpp"
#include "trainer/loop/run_observer.hpp"
#include "trainer/loop/trainer.hpp"

namespace foldperf::trainer {

// Writes to config.train.output: config.toml (the whole configuration, `resolved`), metrics.jsonl,
// tensorboard/, and at the end, on
// Ctrl-C or after an error in the middle weights.pt (moving average) and weights_raw.pt. Throws Error when
// max_nonfinite_steps steps in a row were skipped, SystemError when a file cannot be written.
RunResult run_training(const TrainerConfig& config, const nlohmann::json& resolved, BatchSource& batches,
                       EvaluationSource& evaluation, std::ostream& out, ProgressStyle style);

// As above with a trainer that already exists (tests).
RunResult run_training(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved,
                       BatchSource& batches, EvaluationSource& evaluation, std::ostream& out, ProgressStyle style);

}  // namespace foldperf::trainer
