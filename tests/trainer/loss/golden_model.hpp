// A model with the configuration and weights of a golden file.
#pragma once

#include <nlohmann/json.hpp>

#include "trainer/model/alphafold.hpp"
#include "trainer/optim/adam.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// `config`: OpenFold's config.model. `weights` by parameter name: each parameter must have one of its shape, and none
// may be left over (else a GoogleTest failure names it).
trainer::AlphaFold golden_model(const nlohmann::json& config, const trainer::TensorDict& weights, at::ScalarType type);

// Its parameters by name.
trainer::NamedParameters named_parameters(const trainer::AlphaFold& model);

}  // namespace foldperf::testing
