// How far the gradients of one batch in TF32 and in bfloat16 are from those in float32, by part of the model: the norm
// of the difference over the norm. Weights are those after some steps in float32 (at the first step most gradients are
// zero: OpenFold's last layers begin with zeros); no dropout.
//
//   gradient_error_bench BATCH.pt [--warm STEPS] [options of foldperf-train]
#include <torch/torch.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>

#include "bench/bench_main.hpp"
#include "core/error.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/graph/work_stream.hpp"
#include "trainer/loop/trainer.hpp"
#include "trainer/program/command_line.hpp"

namespace foldperf::trainer {
namespace {

// "evoformer.blocks.12.core.msa_transition.layer_norm.weight" belongs to "evoformer.blocks.12".
std::string group_of(const std::string& name) {
  const std::size_t first = name.find('.');
  if (name.compare(first, 8, ".blocks.") != 0) return name.substr(0, first);
  return name.substr(0, name.find('.', first + 8));
}

struct Sums {
  double difference = 0, reference = 0;
};

TrainerConfig with_precision(TrainerConfig config, const std::string& precision) {
  config.train.precision = precision;
  config.train.cuda_graphs = false;
  return config;
}

int run(std::vector<std::string> arguments) {
  std::int64_t warm = 20;
  if (arguments.size() > 2 && arguments[1] == "--warm") {
    warm = std::stoll(arguments[2]);
    arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
  }
  if (arguments.empty()) throw UsageError("usage: gradient_error_bench BATCH.pt [--warm STEPS] [options]");
  const CommandLine line = parse_command_line({arguments.begin() + 1, arguments.end()});
  TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  for (EvoformerStackConfig* stack : {&config.model.evoformer_stack, &config.model.extra_msa.extra_msa_stack}) {
    stack->msa_dropout = 0;
    stack->pair_dropout = 0;
  }
  config.model.template_.template_pair_stack.dropout_rate = 0;
  config.model.structure_module.dropout_rate = 0;
  const at::Device device = choose_device(config.train.device);
  const WorkStream stream(device);
  TrainingBatch batch;
  for (const auto& [name, tensor] : load_tensors(arguments[0])) batch.features[name] = tensor.to(device);

  Trainer exact(with_precision(config, "float32"), device);
  for (std::int64_t step = 0; step < warm; ++step) {
    const StepMetrics metrics = exact.step(step, batch);
    if (step + 1 == warm) std::printf("loss after %lld steps: %.3f\n", static_cast<long long>(warm), metrics.loss);
  }
  const TensorDict reference = exact.gradients(warm, batch);
  std::map<std::string, std::map<std::string, double>> errors;
  for (const char* precision : {"tf32", "bf16"}) {
    Trainer rounded(with_precision(config, precision), device);
    {
      const at::NoGradGuard no_grad;
      for (std::size_t i = 0; i < exact.weights().size(); ++i)
        at::Tensor(rounded.weights()[i].second).copy_(exact.weights()[i].second);
      rounded.publish();
    }
    std::map<std::string, Sums> sums;
    for (const auto& [name, gradient] : rounded.gradients(warm, batch)) {
      const at::Tensor& wanted = reference.at(name);
      const double difference = (gradient - wanted).to(at::kDouble).square().sum().item<double>();
      const double norm = wanted.to(at::kDouble).square().sum().item<double>();
      for (const std::string& group : {group_of(name), std::string("all")}) {
        sums[group].difference += difference;
        sums[group].reference += norm;
      }
    }
    for (const auto& [group, sum] : sums) errors[group][precision] = std::sqrt(sum.difference / sum.reference);
  }
  std::printf("%-34s %10s %10s\n", "relative error of the gradient", "tf32", "bf16");
  for (const auto& [group, error] : errors)
    std::printf("%-34s %10.2e %10.2e\n", group.c_str(), error.at("tf32"), error.at("bf16"));
  return 0;
}

}  // namespace
}  // namespace foldperf::trainer

int main(int argc, char** argv) {
  return foldperf::bench::bench_main("gradient_error_bench", foldperf::trainer::run, argc, argv);
}
