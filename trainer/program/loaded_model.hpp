// The model that predict and evaluate use: weights of a file, on the device and in the arithmetic of the configuration.
#pragma once

#include <string>

#include "trainer/config/trainer_config.hpp"
#include "trainer/predict/predictor.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {

struct LoadedModel {
  std::string weights;    // file
  std::string section;    // where in it: "ema.params"; empty where the file holds weights alone
  std::string precision;  // float32, tf32, bf16
  Predictor predictor;

  // "on cuda:0 in bf16, weights runs/first/weights.pt".
  [[nodiscard]] std::string describe() const;
};

// Throws UsageError where no weights are named: those of a model that learnt nothing would be no prediction.
LoadedModel load_model(const TrainerConfig& config, const CommandLine& line);

}  // namespace foldperf::trainer
