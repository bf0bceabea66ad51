#include "trainer/predict/predictor.hpp"

#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/predict/finite_outputs.hpp"

namespace foldperf::trainer {

Predictor::Predictor(const ModelConfig& config, const TensorDict& weights, const std::string& path, at::Device device,
                     at::ScalarType trunk_type)
    : device_(device), model_(config) {
  assign_weights(*model_, weights, path);
  model_->to(device_);
  if (trunk_type != at::kFloat) model_->trunk_to(trunk_type);
  model_->eval();
  assign_trace_paths(*model_);
}

Prediction Predictor::predict(const TensorDict& features, const InferenceNote& note) {
  const TensorDict here = map_tensors(features, [this](const at::Tensor& tensor) { return tensor.to(device_); });
  const TensorDict outputs = infer(model_, here, note);
  expect_finite(outputs);
  const auto of_chain = [&](const char* name) { return outputs.at(name).select(0, 0).to(at::kCPU, at::kFloat); };
  Prediction prediction{of_chain("final_atom_positions"), of_chain("final_atom_mask"), of_chain("plddt"), {}};
  if (outputs.contains("ptm_score")) prediction.ptm = outputs.at("ptm_score").item<double>();
  return prediction;
}

}  // namespace foldperf::trainer
