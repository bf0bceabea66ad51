// The configuration of a training run, typed. docs/configuration.md lists every key.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "trainer/config/data_config.hpp"
#include "trainer/config/loss_config.hpp"
#include "trainer/config/model_config.hpp"

namespace foldperf::trainer {

struct OptimizerConfig {
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double eps = 1e-5;
};

// AlphaFoldLRScheduler (openfold/utils/lr_schedulers.py).
struct ScheduleConfig {
  double base_lr = 0.0;
  double max_lr = 1e-3;
  std::int64_t warmup_no_steps = 1000;
  std::int64_t start_decay_after_n_steps = 50000;
  std::int64_t decay_every_n_steps = 50000;
  double decay_factor = 0.95;
};

struct TrainConfig {
  std::int64_t steps = 100000;
  std::string output = "foldperf-train-output";
  std::string initial_weights;
  std::int64_t evaluate_every = 1000;  // 0: not between steps
  bool evaluate_at_start = false;      // before the first step: the untrained model
  bool evaluate_at_end = true;
  std::int64_t log_every = 1;
  bool tensorboard = true;  // event files in <output>/tensorboard
  std::int64_t seed = 42;
  std::string device = "auto";               // auto, cpu, cuda
  std::string precision = "auto";            // auto, float32, tf32, bf16 (arithmetic.hpp)
  bool cuda_graphs = true;                   // a step is captured once a shape and replayed
  bool deterministic = false;                // only algorithms that repeat bit for bit
  std::int64_t batch_size = 1;               // samples that go through the model together
  std::int64_t accumulate_grad_batches = 1;  // batches whose mean gradient makes a step
  // No key of its own: where a step has several samples, they make as many recycling passes (data.train.
  // uniform_recycling then says that the number is drawn for the step, and samples are prepared with all of them).
  bool recycling_per_step = false;
  std::int64_t threads = 0;  // 0: PyTorch's choice
  std::int64_t max_nonfinite_steps = 5;
  // Of the device, GiB as a text, for as many activations as fit; "auto": what it has free; "off": the model's
  // blocks_per_checkpoint and blocks_kept decide.
  std::string memory = "off";
  double target_lddt_ca = 0;  // mean lDDT-Ca of an evaluation at which training ends; 0: none
  std::string mlperf_log;     // file for MLPerf's log; empty: none
};

// Checkpoints of a run: in <train.output>/checkpoints.
struct CheckpointConfig {
  std::int64_t every_steps = 1000;  // 0: none between
  bool at_end = true;               // also on Ctrl-C, and when an error ends the run
  std::int64_t keep_last = 3;
  std::int64_t keep_best = 1;  // by lDDT-Ca of the evaluations
};

struct ProfileConfig {
  std::string ranges = "auto";  // auto, on, off
  bool operators = false;
};

struct TrainerConfig {
  std::string preset;
  ModelConfig model;
  LossConfig loss;
  DataConfig data;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  double clip_max_norm = 0.1;  // 0: no clipping
  double ema_decay = 0.999;
  TrainConfig train;
  CheckpointConfig checkpoint;
  ProfileConfig profile;
};

// Reads a tree made by resolve_config (config_tree.hpp). Throws UsageError where the model and the data disagree about
// the sequence-embedding mode.
TrainerConfig trainer_config_from_json(const nlohmann::json& tree);

}  // namespace foldperf::trainer
