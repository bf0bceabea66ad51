// What the golden model files hold besides weights: runs ("recycle0": one pass over the batch's first slice) and the
// losses and gradients under two sets of weights.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainer/config/loss_config.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

struct LossCase {
  std::string run;                // "recycle0"
  std::string prefix;             // of the expected values: "recycle0." or "recycle0.finetune."
  std::int64_t extra_passes = 0;  // N of "recycleN": passes without gradient before the last
  trainer::LossConfig config;
};

// Those that a model file has, with the loss's configuration from its entry in manifest.json.
std::vector<LossCase> loss_cases(const trainer::TensorDict& file, const nlohmann::json& entry);

// Slice `pass` of the last dimension of every feature, in the given floating-point type.
trainer::TensorDict recycling_slice(const trainer::TensorDict& batch, std::int64_t pass, at::ScalarType type);

}  // namespace foldperf::testing
