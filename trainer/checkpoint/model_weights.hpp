// A model's weights as named tensors, by OpenFold's parameter names (tensor_file.hpp has the file).
#pragma once

#include <string>

#include "trainer/tensor_dict.hpp"

namespace torch::nn {
class Module;
}

namespace foldperf::trainer {

// Copies of the parameters, on the CPU.
TensorDict weights_of(const torch::nn::Module& model);

// Copies `weights` into the parameters. Throws InputError naming the first parameter that is missing, unknown or has
// another shape; nothing is changed then. `path` is for the message.
void assign_weights(torch::nn::Module& model, const TensorDict& weights, const std::string& path);

}  // namespace foldperf::trainer
