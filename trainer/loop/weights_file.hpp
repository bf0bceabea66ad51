// Weights as a file that Python's torch.load reads (weights_only too): a flat dictionary from OpenFold's parameter
// names to tensors.
#pragma once

#include <string>

#include "trainer/tensor_dict.hpp"

namespace torch::nn {
class Module;
}

namespace foldperf::trainer {

// Writes beside `path` and renames when all is on disk, so that `path` is never half a file. Throws SystemError.
void save_weights(const std::string& path, const TensorDict& weights);

// Reads what save_weights wrote, and what Python's torch.save made of a dict of tensors or of a state_dict(). Throws
// InputError.
TensorDict load_weights(const std::string& path);

// Copies of the parameters, on the CPU.
TensorDict weights_of(const torch::nn::Module& model);

// Copies `weights` into the parameters. Throws InputError naming the first parameter that is missing, unknown or has
// another shape; nothing is changed then. `path` is for the message.
void assign_weights(torch::nn::Module& model, const TensorDict& weights, const std::string& path);

}  // namespace foldperf::trainer
