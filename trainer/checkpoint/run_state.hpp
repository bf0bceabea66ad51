// Everything that a run needs to go on as if it had never stopped.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "trainer/feed/queue_options.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// What a run has counted.
struct RunCounters {
  std::int64_t steps = 0;  // made, skipped ones included: also the position of the learning-rate schedule
  std::int64_t skipped_steps = 0;
  std::int64_t skipped_in_a_row = 0;  // up to the last step
  std::map<std::string, std::int64_t> nonfinite_terms;
  std::int64_t evaluated_after = -1;  // steps that had been made at the last evaluation that was finished; -1: none
};

// The tensors of a trainer, by OpenFold's parameter names. As a live state they are the trainer's own, on its device;
// in a checkpoint copies on the CPU.
struct TrainingTensors {
  TensorDict model;      // weights in float32, also where the model computes in bf16
  TensorDict average;    // moving average of them
  TensorDict optimizer;  // exp_avg.<parameter>, exp_avg_sq.<parameter>, step.<parameter> (scalar): Adam::state
};

struct RunState {
  RunCounters counters;
  QueueProgress data;  // samples that were trained on
  // All random draws of a step come from the seed and the step's number, so that these two are the random state.
  std::int64_t seed = 0;
  double ema_decay = 0;
  std::string configuration;  // of the run, as TOML
  TrainingTensors tensors;
};

}  // namespace foldperf::trainer
