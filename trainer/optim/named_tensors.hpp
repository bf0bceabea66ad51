// Lists of tensors that belong to named parameters.
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

// The tensors alone.
std::vector<at::Tensor> tensors_of(const NamedParameters& parameters);

}  // namespace foldperf::trainer
