// Saving and loading lists of tensors that belong to named parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "trainer/optim/adam.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Adds copies on the CPU as <prefix><parameter name>.
void save_named(TensorDict& state, const std::string& prefix, const NamedParameters& parameters,
                const std::vector<at::Tensor>& tensors);

// Copies <prefix><parameter name> into the tensors. Throws Error naming the first one that is missing or has another
// shape, before anything is changed.
void load_named(const TensorDict& state, const std::string& prefix, const NamedParameters& parameters,
                const std::vector<at::Tensor>& tensors);

// The tensors alone.
std::vector<at::Tensor> tensors_of(const NamedParameters& parameters);

}  // namespace foldperf::trainer
