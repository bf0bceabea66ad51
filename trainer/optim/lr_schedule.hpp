// AlphaFold's learning-rate schedule (AlphaFold 2 supplement 1.11.3; OpenFold utils/lr_schedulers.py): a linear
// warm-up, a plateau, then exponential decay.
#pragma once

#include <cstdint>

namespace foldperf::trainer {

struct LrScheduleConfig {
  double base_lr = 0.0;
  double max_lr = 1e-3;
  std::int64_t warmup_no_steps = 1000;
  std::int64_t start_decay_after_n_steps = 50000;
  std::int64_t decay_every_n_steps = 50000;
  double decay_factor = 0.95;
};

class AlphaFoldLRScheduler {
 public:
  // Throws UsageError naming the key: negative step counts, a warm-up that ends after the decay starts.
  explicit AlphaFoldLRScheduler(LrScheduleConfig config = {});

  // Rate of the step of that number, from 0: step 0 has base_lr. The warm-up rises from base_lr to base_lr + max_lr,
  // and the plateau is max_lr, as in OpenFold.
  [[nodiscard]] double at(std::int64_t step) const;
  [[nodiscard]] const LrScheduleConfig& config() const noexcept { return config_; }

 private:
  LrScheduleConfig config_;
};

}  // namespace foldperf::trainer
