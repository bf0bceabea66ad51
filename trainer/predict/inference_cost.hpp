// Which chains will take long: counted operations, to say so before an evaluation begins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/config/data_config.hpp"
#include "trainer/config/model_config.hpp"

namespace foldperf::trainer {

// Floating-point operations of the matrix products of the model's blocks for a chain of `length` residues, all
// recycling passes together: proportional to the time that they take, about.
double inference_operations(const ModelConfig& model, const DataCommonConfig& data, const DataModeConfig& mode,
                            std::int64_t length);

struct ChainLength {
  std::string chain;
  std::int64_t length = 0;
};

// "12 chains of 35 to 1024 residues; the longest, 7abc_A (1024) and 7abd_B (800), make 71% of the work".
// The chains named are those that make half of the work together, three at most; none where all are alike.
std::string describe_work(const std::vector<ChainLength>& chains, const ModelConfig& model,
                          const DataCommonConfig& data, const DataModeConfig& mode);

}  // namespace foldperf::trainer
