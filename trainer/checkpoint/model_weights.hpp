// A model's weights as named tensors, by OpenFold's parameter names (weights_file.hpp reads them).
#pragma once

#include <string>

#include "trainer/tensor_dict.hpp"

namespace torch::nn {
class Module;
}

namespace foldperf::trainer {

// Copies of the parameters, on the CPU.
TensorDict weights_of(const torch::nn::Module& model);

// Copies `weights` into the parameters. Weights under names of OpenFold before version 2 go where they went
// (openfold_names.hpp). Throws InputError that counts the parameters that are missing, unknown or of another shape, and
// names the first of them with the nearest right name; nothing is changed then. `path` is for the message.
void assign_weights(torch::nn::Module& model, const TensorDict& weights, const std::string& path);

// Throws as assign_weights where `weights` do not fit `expected`, of which names and shapes count; returns the weights
// under the names of `expected`.
TensorDict fitted_weights(const TensorDict& weights, const TensorDict& expected, const std::string& path);

}  // namespace foldperf::trainer
