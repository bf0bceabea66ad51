// What is told of a training run while it goes on: to logs, in the order of steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/facts/facts.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/loop/evaluation.hpp"
#include "trainer/loop/step_values.hpp"

namespace foldperf::trainer {

struct RunStart {
  const TrainerConfig& config;
  std::int64_t first_step = 0;  // above 0: a run that is resumed
  bool is_continued = false;    // in the folder of the run before: logs say nothing twice
  bool is_evaluated = false;    // the evaluation after first_step was finished by the run before
  std::size_t evaluation_chains = 0;
  std::size_t training_chains = 0;    // 0: not known
  std::int64_t parameters = 0;        // numbers in the model
  std::string precision = "float32";  // float32, tf32, bf16
  bool on_cpu = true;
};

struct StepRecord {
  const StepMetrics& metrics;
  const std::vector<facts::BatchFact>& samples;  // at least one
  std::int64_t drift = 0;                        // of the last sample: places it came after its turn
  double step_s = 0;                             // since the step before was complete, evaluations left out
  double data_wait_s = 0;                        // that the training thread waited for samples
  // What was measured of the device meanwhile, by name: "memory_peak_gib.forward", "energy_j", ... Empty on the CPU.
  const std::map<std::string, double>& device;
};

// The steps that a log tells of: one in train.log_every, the last, and whichever had something go wrong.
class ToldSteps {
 public:
  ToldSteps() = default;
  explicit ToldSteps(const TrainConfig& config) : every_(config.log_every), last_(config.steps - 1) {}
  [[nodiscard]] bool has(const StepMetrics& metrics) const {
    return metrics.step % every_ == 0 || metrics.step == last_ || metrics.skipped || !metrics.nonfinite_terms.empty();
  }

 private:
  std::int64_t every_ = 1;
  std::int64_t last_ = 0;
};

struct EvaluationRecord {
  std::int64_t steps = 0;                   // made so far
  const std::vector<ChainMetrics>& chains;  // the last is the mean; no mean where the evaluation was broken off
  double seconds = 0;
  [[nodiscard]] bool is_complete() const { return !chains.empty() && chains.back().chain.empty(); }
};

struct RunResult {
  std::int64_t steps = 0;  // made, skipped ones included
  std::int64_t skipped_steps = 0;
  std::map<std::string, std::int64_t> nonfinite_terms;  // how often each was zeroed
  std::vector<ChainMetrics> last_evaluation;
  bool interrupted = false;
  bool failed = false;          // an error ended it
  bool target_reached = false;  // train.target_lddt_ca
};

// Called on the training thread: nothing slow. What throws ends the run, its weights kept.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void run_start(const RunStart&) {}
  virtual void step(const StepRecord&) {}
  virtual void evaluation_start(std::int64_t /*steps*/) {}
  virtual void evaluation(const EvaluationRecord&) {}
  // After the last step, also of a run that was interrupted or failed: everything must be on disk.
  virtual void run_end(const RunResult&) {}
};

}  // namespace foldperf::trainer
