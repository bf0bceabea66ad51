// Small random inputs and configurations for unit tests of the model.
#pragma once

#include <torch/torch.h>

#include "trainer/config/model_config.hpp"
#include "trainer/model/evoformer.hpp"
#include "trainer/model/extra_msa.hpp"
#include "trainer/model/template_embedder.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

inline trainer::EvoformerStackConfig small_stack_config() {
  trainer::EvoformerStackConfig config;
  config.c_m = 12;
  config.c_z = 8;
  config.c_hidden_msa_att = 4;
  config.c_hidden_opm = 3;
  config.c_hidden_mul = 6;
  config.c_hidden_pair_att = 4;
  config.c_s = 10;
  config.no_heads_msa = 3;
  config.no_heads_pair = 2;
  config.no_blocks = 3;
  config.transition_n = 2;
  return config;
}

struct EvoformerInputs {
  at::Tensor m;          // [1, S, N, c_m]
  at::Tensor z;          // [1, N, N, c_z]
  at::Tensor msa_mask;   // [1, S, N], one sequence without its last residue
  at::Tensor pair_mask;  // [1, N, N]
};

inline EvoformerInputs evoformer_inputs(const trainer::EvoformerStackConfig& config, std::int64_t sequences,
                                        std::int64_t residues) {
  torch::manual_seed(5);
  EvoformerInputs in;
  in.m = torch::randn({1, sequences, residues, config.c_m});
  in.z = torch::randn({1, residues, residues, config.c_z});
  in.msa_mask = torch::ones({1, sequences, residues});
  in.msa_mask[0][sequences - 1][residues - 1] = 0;
  in.pair_mask = torch::ones({1, residues, residues});
  return in;
}

inline trainer::TemplateConfig small_template_config(std::int64_t c_z) {
  trainer::TemplateConfig config;
  config.template_single_embedder.c_out = 12;
  config.template_pair_embedder.c_out = 6;
  config.template_pair_stack.c_t = 6;
  config.template_pair_stack.c_hidden_tri_att = 4;
  config.template_pair_stack.c_hidden_tri_mul = 5;
  config.template_pair_stack.no_heads = 2;
  config.template_pointwise_attention.c_t = 6;
  config.template_pointwise_attention.c_z = c_z;
  config.template_pointwise_attention.c_hidden = 4;
  config.template_pointwise_attention.no_heads = 2;
  return config;
}

inline trainer::TensorDict random_templates(std::int64_t templates, std::int64_t residues) {
  torch::manual_seed(9);
  return {{"template_aatype", torch::randint(0, 22, {1, templates, residues}, torch::kLong)},
          {"template_pseudo_beta", torch::randn({1, templates, residues, 3}) * 10},
          {"template_pseudo_beta_mask", torch::ones({1, templates, residues})},
          {"template_all_atom_positions", torch::randn({1, templates, residues, 37, 3}) * 10},
          {"template_all_atom_mask", torch::ones({1, templates, residues, 37})},
          {"template_torsion_angles_sin_cos", torch::randn({1, templates, residues, 7, 2})},
          {"template_alt_torsion_angles_sin_cos", torch::randn({1, templates, residues, 7, 2})},
          {"template_torsion_angles_mask", torch::ones({1, templates, residues, 7})},
          {"template_mask", torch::ones({1, templates})}};
}

// Random weights everywhere: as initialised, the final layers are zero and hide the rest.
inline void randomise(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  for (at::Tensor& parameter : module.parameters()) parameter.normal_(0, 0.3);
}

}  // namespace foldperf::testing
