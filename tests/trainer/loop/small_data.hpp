// Samples of two small chains, in strict order.
#pragma once

#include <filesystem>

#include "tests/support/files.hpp"
#include "trainer/config/data_config.hpp"

namespace foldperf::trainer {

inline DataConfig small_data_config() {
  DataConfig config;
  // In the repository, or beside a bundle of programs.
  const auto source = testing::project_dir();
  const auto folder = std::filesystem::is_directory(source / "samples") ? source : source.parent_path();
  config.source.train_data_dir = (folder / "samples").string();
  config.source.train_chains = {"1as5_A", "1ejg_A"};
  config.train.crop_size = 16;
  config.train.max_msa_clusters = 4;
  config.train.max_extra_msa = 4;
  config.common.max_recycling_iters = 1;
  config.loader.order = "strict";
  return config;
}

}  // namespace foldperf::trainer
