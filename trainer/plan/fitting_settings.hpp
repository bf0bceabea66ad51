// Which settings would make a configuration fit into so much memory: found by planning with each of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/config/trainer_config.hpp"

namespace foldperf::trainer {

struct FittingSetting {
  std::string setting;      // "--set data.train.crop_size=192"
  std::int64_t needed = 0;  // bytes, with it
};

// Those that cost least to the result first: recomputation, no CUDA graphs, bf16, a smaller batch; then crop and extra
// sequences; all but the first with every block recomputed. Empty where nothing of these is enough.
std::vector<FittingSetting> settings_that_fit(const TrainerConfig& config, std::int64_t bytes);

// "; it would fit with --set ... (68.1 GiB) or --set ...", or that nothing here is enough.
std::string advice(const std::vector<FittingSetting>& settings);

}  // namespace foldperf::trainer
