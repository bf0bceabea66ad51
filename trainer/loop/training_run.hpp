// A training run from its first step to its last, or to Ctrl-C: steps, evaluations, metrics, progress, weights.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "trainer/checkpoint/resume.hpp"
#include "trainer/loop/progress.hpp"
#include "trainer/loop/run_observer.hpp"
#include "trainer/loop/trainer.hpp"

namespace foldperf::trainer {

struct RunBeginning {
  bool overwrite = false;  // the output folder's checkpoints are removed, once the run can begin
  std::optional<std::int64_t>
      init_ms;  // when the program began, in milliseconds since 1970, for MLPerf's log; empty: now
};

// Writes to config.train.output: config.toml (the whole configuration, `resolved`), metrics.jsonl, tensorboard/, and at
// the end, on Ctrl-C or after an error in the middle weights.pt (moving average) and weights_raw.pt; checkpoints as
// config.checkpoint says. Throws Error when max_nonfinite_steps steps in a row were skipped, SystemError when a file
// cannot be written, UsageError where the folder has checkpoints of another run.
//
// With `resume` the run goes on after that checkpoint, as if it had never stopped: `batches` must go on after its
// samples (RunState::data). Its tensors are given up once they are copied. Its metrics are continued where they are in
// the output folder. A run whose last evaluation had reached train.target_lddt_ca, or that has no step left, ends at
// once and adds nothing to its logs. Throws InputError where the checkpoint does not fit the configuration.
RunResult run_training(const TrainerConfig& config, const nlohmann::json& resolved, BatchSource& batches,
                       EvaluationSource& evaluation, std::ostream& out, ProgressStyle style,
                       ResumePoint* resume = nullptr, const RunBeginning& beginning = {});

// As above with a trainer that already exists (tests).
RunResult run_training(Trainer& trainer, const TrainerConfig& config, const nlohmann::json& resolved,
                       BatchSource& batches, EvaluationSource& evaluation, std::ostream& out, ProgressStyle style,
                       ResumePoint* resume = nullptr, const RunBeginning& beginning = {});

}  // namespace foldperf::trainer
