#include "trainer/config/trainer_config.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

using nlohmann::json;

namespace {

template <typename T>
void read(const json& section, const char* name, T& value) {
  value = section.at(name).get<T>();
}

// The mode that replaces the alignment by an embedding is said to the model and to the data: both have to agree.
void join_seqemb_mode(TrainerConfig& config) {
  if (config.model.seqemb_mode_enabled != config.data.seqemb_mode.enabled) {
    throw UsageError(
        "'model.seqemb_mode_enabled' and 'data.seqemb_mode.enabled' differ; set 'globals.seqemb_mode_enabled' to "
        "change both");
  }
  config.data.seqemb_mode.preembedding_dim = config.model.preembedding_embedder.preembedding_dim;
  if (!config.model.seqemb_mode_enabled) return;
  // The embedding stands for the only row; more would be rows of padding that the model does not have.
  if (config.data.train.max_msa_clusters != 1 || config.data.eval.max_msa_clusters != 1) {
    throw UsageError(
        "'globals.seqemb_mode_enabled' needs 'data.train.max_msa_clusters' and "
        "'data.eval.max_msa_clusters' to be 1");
  }
}

}  // namespace

TrainerConfig trainer_config_from_json(const json& tree) {
  TrainerConfig config;
  read(tree, "preset", config.preset);
  config.model = model_config_from_json(tree.at("model"));
  config.loss = loss_config_from_json(tree.at("loss"));
  config.data = data_config_from_json(tree.at("data"));
  join_seqemb_mode(config);

  const json& optimizer = tree.at("optimizer");
  read(optimizer, "beta_1", config.optimizer.beta_1);
  read(optimizer, "beta_2", config.optimizer.beta_2);
  read(optimizer, "eps", config.optimizer.eps);

  const json& schedule = tree.at("schedule");
  read(schedule, "base_lr", config.schedule.base_lr);
  read(schedule, "max_lr", config.schedule.max_lr);
  read(schedule, "warmup_no_steps", config.schedule.warmup_no_steps);
  read(schedule, "start_decay_after_n_steps", config.schedule.start_decay_after_n_steps);
  read(schedule, "decay_every_n_steps", config.schedule.decay_every_n_steps);
  read(schedule, "decay_factor", config.schedule.decay_factor);

  read(tree.at("clip"), "max_norm", config.clip_max_norm);
  read(tree.at("ema"), "decay", config.ema_decay);

  const json& train = tree.at("train");
  read(train, "steps", config.train.steps);
  read(train, "output", config.train.output);
  read(train, "initial_weights", config.train.initial_weights);
  read(train, "evaluate_every", config.train.evaluate_every);
  read(train, "evaluate_at_start", config.train.evaluate_at_start);
  read(train, "evaluate_at_end", config.train.evaluate_at_end);
  read(train, "log_every", config.train.log_every);
  read(train, "tensorboard", config.train.tensorboard);
  read(train, "seed", config.train.seed);
  read(train, "device", config.train.device);
  read(train, "precision", config.train.precision);
  read(train, "cuda_graphs", config.train.cuda_graphs);
  read(train, "deterministic", config.train.deterministic);
  read(train, "batch_size", config.train.batch_size);
  read(train, "accumulate_grad_batches", config.train.accumulate_grad_batches);
  read(train, "threads", config.train.threads);
  read(train, "max_nonfinite_steps", config.train.max_nonfinite_steps);
  read(train, "memory", config.train.memory);
  read(train, "target_lddt_ca", config.train.target_lddt_ca);
  read(train, "mlperf_log", config.train.mlperf_log);

  const json& checkpoint = tree.at("checkpoint");
  read(checkpoint, "every_steps", config.checkpoint.every_steps);
  read(checkpoint, "at_end", config.checkpoint.at_end);
  read(checkpoint, "keep_last", config.checkpoint.keep_last);
  read(checkpoint, "keep_best", config.checkpoint.keep_best);

  if (config.train.batch_size * config.train.accumulate_grad_batches > 1) {
    config.train.recycling_per_step = std::exchange(config.data.train.uniform_recycling, false);
  }
  if (config.train.batch_size > 1 && !config.data.train.fixed_size) {
    throw UsageError("'train.batch_size' above 1 needs 'data.train.fixed_size': samples of one batch have one shape");
  }

  read(tree.at("profile"), "ranges", config.profile.ranges);
  read(tree.at("profile"), "operators", config.profile.operators);
  return config;
}

}  // namespace foldperf::trainer
