// How long training waited for data and what preparing a batch cost, by sequence length and alignment depth.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/statistics.hpp"
#include "core/database/reader.hpp"

namespace foldperf::analysis {

struct BatchBin {
  std::int64_t from = 0;   // residues, or alignment rows; 0: the program did not say
  std::int64_t to = 0;     // inclusive
  Summary wait_ns;         // of the training thread for the batch
  Summary preparation_ns;  // all stages
};

struct PreparationStage {
  std::string stage;
  Summary ns;  // over the batches that name the stage
};

struct DataAnalysis {
  Summary wait_ns;
  Summary preparation_ns;
  std::vector<BatchBin> by_length;       // lengths 1 to 15, 16 to 31, 32 to 63, ...: each range twice as wide
  std::vector<BatchBin> by_depth;        // rows 1, 2 to 7, 8 to 31, 32 to 127, ...: four times
  std::vector<PreparationStage> stages;  // by sum, largest first
};

DataAnalysis analyze_data(const std::vector<database::BatchRow>& batches);

}  // namespace foldperf::analysis
