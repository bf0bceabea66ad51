// Runs one golden case of a loss term: its inputs and constants as they stand in the files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// The outputs of the term that a case's name starts with ("violation_average_clashes" is one of "violation"), under the
// names of the golden file. Throws Error when no term has such a name.
trainer::TensorDict run_loss_case(const std::string& name, const trainer::TensorDict& inputs,
                                  const nlohmann::json& hyper_parameters);

}  // namespace foldperf::testing
