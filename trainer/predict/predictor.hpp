// A model with weights, ready to predict: apart from training, which needs gradients, optimiser and moving average.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <string>

#include "trainer/predict/inference.hpp"

namespace foldperf::trainer {

struct Prediction {
  at::Tensor positions;       // [N, 37, 3] Angstrom, float32, CPU
  at::Tensor mask;            // [N, 37]: atoms that the residue type has
  at::Tensor plddt;           // [N], 0 to 100
  std::optional<double> ptm;  // predicted TM score, of models with that head
};

class Predictor {
 public:
  // Weights by OpenFold's names; `path` is for messages. The trunk computes in `trunk_type`, the structure module and
  // the heads in float32. Throws InputError as assign_weights.
  Predictor(const ModelConfig& config, const TensorDict& weights, const std::string& path, at::Device device,
            at::ScalarType trunk_type = at::kFloat);

  // Features [1, ..., passes] of one chain, on any device. Throws OutOfMemory, NotFinite.
  Prediction predict(const TensorDict& features, const InferenceNote& note = {});

  [[nodiscard]] AlphaFold& model() { return model_; }
  [[nodiscard]] at::Device device() const { return device_; }

 private:
  at::Device device_;
  AlphaFold model_;
};

}  // namespace foldperf::trainer
