#include "trainer/predict/finite_outputs.hpp"

#include <ATen/ATen.h>

namespace foldperf::trainer {

void expect_finite(const TensorDict& outputs) {
  for (const char* name : {"final_atom_positions", "plddt"}) {
    if (outputs.at(name).isfinite().all().item<bool>()) continue;
    throw NotFinite(std::string("the model gives values that are no numbers (") + name +
                    "): its weights are damaged or have diverged, or need train.precision=float32");
  }
}

}  // namespace foldperf::trainer
