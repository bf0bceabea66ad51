// What a model gives has to be numbers: weights that are damaged or have diverged, or a type that is too narrow for
// them, give none.
#pragma once

#include <string>

#include "core/error.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

class NotFinite : public Error {
 public:
  explicit NotFinite(const std::string& message) : Error(message, ExitCode::failure) {}
};

// Throws NotFinite where the model's final_atom_positions or plddt have a value that is not finite.
void expect_finite(const TensorDict& outputs);

}  // namespace foldperf::trainer
