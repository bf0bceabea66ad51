// Named tensors as a file that Python's torch.load reads (weights_only too): a flat dictionary of names and tensors.
#pragma once

#include <string>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Writes beside `path` and renames when all is on disk, so that `path` is never half a file. Throws SystemError.
void save_tensors(const std::string& path, const TensorDict& tensors);

// Reads what save_tensors wrote, and what Python's torch.save made of a dict of tensors or of a state_dict(): nothing
// else may be in it (weights_file.hpp reads weights from other files as well). Throws InputError.
TensorDict load_tensors(const std::string& path);

}  // namespace foldperf::trainer
