#include "trainer/optim/lr_schedule.hpp"

#include <cmath>

#include "core/error.hpp"

namespace foldperf::trainer {

AlphaFoldLRScheduler::AlphaFoldLRScheduler(LrScheduleConfig config) : config_(config) {
  if (config_.warmup_no_steps < 0) throw UsageError("warmup_no_steps must not be negative");
  if (config_.start_decay_after_n_steps < 0) throw UsageError("start_decay_after_n_steps must not be negative");
  if (config_.decay_every_n_steps < 1) throw UsageError("decay_every_n_steps must be at least 1");
  if (config_.warmup_no_steps > config_.start_decay_after_n_steps) {
    throw UsageError("warmup_no_steps must not exceed start_decay_after_n_steps");
  }
}

double AlphaFoldLRScheduler::at(std::int64_t step) const {
  if (step <= config_.warmup_no_steps && config_.warmup_no_steps > 0) {
    return config_.base_lr + static_cast<double>(step) / static_cast<double>(config_.warmup_no_steps) * config_.max_lr;
  }
  if (step <= config_.start_decay_after_n_steps) return config_.max_lr;
  const std::int64_t since = step - config_.start_decay_after_n_steps;
  return config_.max_lr * std::pow(config_.decay_factor, static_cast<double>(since / config_.decay_every_n_steps + 1));
}

}  // namespace foldperf::trainer
