// How a golden file of one module (shared/golden/modules/<Module>.pt) is run: which module it is, and which tensors go
// where.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// Limits on max|a - b| / max|b|, from the golden README.
struct GoldenLimits {
  double outputs;
  double gradients;
};
inline constexpr GoldenLimits elementwise_limits{1e-5, 7e-5};  // element-wise modules, heads, embedders
inline constexpr GoldenLimits attention_limits{1e-5, 2e-5};    // attention and triangle updates
inline constexpr GoldenLimits block_limits{3e-5, 5e-5};        // blocks, stacks, structure module

struct ModuleCase {
  // Holds the parameters, under the names of the file's "weight." keys. Already in evaluation mode or without dropout.
  std::shared_ptr<torch::nn::Module> module;
  // From the file's "in." tensors (prefix removed; floating-point ones require gradients) to its "out." tensors.
  std::function<trainer::TensorDict(const trainer::TensorDict& in)> run;
  GoldenLimits limits;
};

// Builds the case from manifest.json's hyper-parameters of the file.
using ModuleFactory = std::function<ModuleCase(const nlohmann::json& hyper_parameters)>;
using ModuleFactories = std::map<std::string, ModuleFactory>;

void add_evoformer_cases(ModuleFactories& factories);  // module_cases_evoformer.cpp
void add_structure_cases(ModuleFactories& factories);  // module_cases_structure.cpp

// The factory for a file: its name, or its name up to an underscore for variants ("EvoformerBlock_mask_trans" first as
// a whole, then as "EvoformerBlock_mask", then as "EvoformerBlock"). Empty when there is none.
ModuleFactory find_factory(const ModuleFactories& factories, const std::string& file_name);

// Loads weights, runs forward and backward, compares every output and gradient of the file.
void check_module_file(const std::string& file_name, const ModuleFactory& factory);
// The same for a file <set>/modules/<Module>.pt of any golden set.
void check_module_path(const std::filesystem::path& path, const ModuleFactory& factory);

}  // namespace foldperf::testing
