#include "trainer/program/loaded_model.hpp"

#include "core/error.hpp"
#include "trainer/checkpoint/weights_file.hpp"
#include "trainer/loop/arithmetic.hpp"

namespace foldperf::trainer {

std::string LoadedModel::describe() const {
  return "on " + predictor.device().str() + " in " + precision + ", weights " + weights +
         (section.empty() ? "" : " (" + section + ")");
}

LoadedModel load_model(const TrainerConfig& config, const CommandLine& line) {
  const std::string file = line.weights.empty() ? config.train.initial_weights : line.weights;
  if (file.empty()) {
    throw UsageError("which weights? Name a file of weights, a checkpoint or a run's folder with --weights");
  }
  if (config.train.threads > 0) at::set_num_threads(static_cast<int>(config.train.threads));
  const at::Device device = choose_device(config.train.device);
  const Precision precision = choose_precision(config.train.precision, device);
  apply_arithmetic(config.train, precision);
  const LoadedWeights weights = load_weights(file, line.raw ? WantedWeights::raw : WantedWeights::averaged);
  return {weights.path, weights.section, name_of(precision),
          Predictor(config.model, weights.tensors, weights.path, device,
                    precision == Precision::bf16 ? at::kBFloat16 : at::kFloat)};
}

}  // namespace foldperf::trainer
