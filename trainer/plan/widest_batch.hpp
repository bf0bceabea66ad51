// The largest batch that a configuration can make, on the meta device: what training and evaluation have to find room
// for. A made-up chain goes through the real pipeline, so names, types and shapes are those of real samples.
#pragma once

#include <cstdint>

#include "trainer/config/trainer_config.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/loop/batch_source.hpp"

namespace foldperf::trainer {

// `passes` recycling passes over a chain of `length` residues (0: as long as the crop) with as many alignment rows and
// templates as the mode takes. The compact sample that the features were expanded from stays alive with them, as in
// training.
TrainingBatch widest_batch(const DataConfig& config, DataMode mode, std::int64_t passes, std::int64_t length = 0);

}  // namespace foldperf::trainer
