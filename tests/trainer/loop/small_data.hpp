// Samples of two small chains, in strict order.
#pragma once

#include "tests/support/files.hpp"
#include "trainer/config/data_config.hpp"

namespace foldperf::trainer {

inline DataConfig small_data_config() {
  DataConfig config;
  config.source.train_data_dir = testing::samples_dir().string();
  config.source.train_chains = {"1as5_A", "1ejg_A"};
  config.train.crop_size = 16;
  config.train.max_msa_clusters = 4;
  config.train.max_extra_msa = 4;
  config.common.max_recycling_iters = 1;
  config.loader.order = "strict";
  return config;
}

}  // namespace foldperf::trainer
