#include <torch/torch.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "trainer/checkpoint/model_weights.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/checkpoint/weights_file.hpp"
#include "trainer/config/config_tree.hpp"
#include "trainer/config/trainer_config.hpp"
#include "trainer/data/chain_dataset.hpp"
#include "trainer/data/expand_sample.hpp"
#include "trainer/model/alphafold.hpp"
#include "trainer/program/commands.hpp"
#include "trainer/program/output_path.hpp"

namespace foldperf::trainer {

namespace {

// The set that has the chain, alone with it. Only what is asked for is read: the configuration's lists do not count.
ChainDataset dataset_of(const std::string& chain, DataConfig config) {
  config.source.train_chains = {chain};
  config.source.train_chain_data_cache_path.clear();
  config.source.train_filter_path.clear();
  config.source.distillation_data_dir.clear();
  return {training_sets(config), config, DataMode::train};
}

// In OpenFold's types: it has no integers below 32 bits.
TensorDict raw_features(const ChainDataset& dataset, const SampleKey& key) {
  return map_tensors(dataset.raw_features(0, 0, key), [](const at::Tensor& tensor) {
    const bool is_small = tensor.scalar_type() == torch::kUInt8 || tensor.scalar_type() == torch::kInt16;
    return is_small ? tensor.to(torch::kInt32) : tensor;
  });
}

// What the model's modules give, without dropout and in float32, by OpenFold's names; "sm." before the structure
// module's.
TensorDict outputs_of(const TrainerConfig& config, const TensorDict& features) {
  const at::NoGradGuard no_grad;
  AlphaFold model(config.model);
  assign_weights(*model, load_weights(config.train.initial_weights).tensors, config.train.initial_weights);
  model->eval();
  return model->forward(features);
}

}  // namespace

ExitCode features_command(const CommandLine& line) {
  const TrainerConfig config = trainer_config_from_json(resolve_config(line.sources));
  const std::string file = line.file.empty() ? line.chain + ".pt" : line.file;
  refuse_existing(file, line.overwrite);
  if (!line.outputs.empty()) {
    refuse_existing(line.outputs, line.overwrite);
    if (std::filesystem::path(line.outputs).lexically_normal() == std::filesystem::path(file).lexically_normal())
      throw UsageError("--outputs needs a file of its own: " + file + " is that of the features");
    if (line.raw) throw UsageError("--outputs needs features as the model takes them: leave --raw out");
    if (config.train.initial_weights.empty()) {
      throw UsageError("--outputs needs weights: --set train.initial_weights=FILE");
    }
  }
  const ChainDataset dataset = dataset_of(line.chain, config.data);
  if (dataset.size() != 1) {
    throw UsageError("'" + line.chain + "' has " + std::to_string(dataset.size()) + " chains, among them " +
                     dataset.set(0).catalog.chains.front().name + " and " + dataset.set(0).catalog.chains[1].name +
                     ": name one");
  }
  const SampleKey key{static_cast<std::uint64_t>(config.data.seed), line.epoch, line.index};
  const TensorDict features = line.raw ? raw_features(dataset, key) : expand(dataset.load(0, 0, key).sample, at::kCPU);
  save_tensors(file, features);
  if (!line.outputs.empty()) save_tensors(line.outputs, outputs_of(config, features));
  if (line.quiet) return ExitCode::success;
  for (const auto& [name, tensor] : features) {
    std::cout << name << " " << tensor.scalar_type() << " " << tensor.sizes() << "\n";
  }
  std::cout << features.size() << " features of " << line.chain << " in " << file << std::endl;
  return ExitCode::success;
}

}  // namespace foldperf::trainer
