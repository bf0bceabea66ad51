#include "trainer/model/alphafold.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "trainer/instrument/ranges.hpp"
#include "trainer/model/kept_blocks.hpp"
#include "trainer/model/template_features.hpp"
#include "trainer/protein/frames_and_atoms.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

bool is_model_input(const std::string& name) {
  static const std::vector<std::string> names = {"aatype",   "target_feat",        "residue_index",
                                                 "msa_feat", "seq_embedding",      "msa_mask",
                                                 "seq_mask", "atom37_atom_exists", "residx_atom37_to_atom14"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.rfind("template_", 0) == 0 ||
         name.rfind("extra_", 0) == 0;
}

// The features of one recycling pass, floating-point ones in the type of the geometry: coordinates must not lose
// digits, and the trunk rounds what it reads. Copied, as in the batch the recycling dimension is innermost.
TensorDict features_of_pass(const TensorDict& batch, std::int64_t pass, at::ScalarType dtype) {
  TensorDict features;
  for (const auto& [name, tensor] : batch) {
    if (!is_model_input(name)) continue;
    const at::Tensor slice = tensor.select(-1, pass).contiguous();
    features[name] = slice.scalar_type() == at::kFloat ? slice.to(dtype) : slice;
  }
  return features;
}

at::ScalarType type_of(const torch::nn::Module& module) { return module.parameters().front().scalar_type(); }

}  // namespace

AlphaFoldImpl::AlphaFoldImpl(const ModelConfig& config) : config_(config) {
  const StackCheckpointing checkpointing = share_kept_blocks(config);
  if (config.seqemb_mode_enabled) {
    preembedding_embedder_ = register_module("input_embedder", PreembeddingEmbedder(config.preembedding_embedder));
  } else {
    input_embedder_ = register_module("input_embedder", InputEmbedder(config.input_embedder));
  }
  recycling_embedder_ = register_module("recycling_embedder", RecyclingEmbedder(config.recycling_embedder));
  if (config.template_.enabled) {
    template_embedder_ =
        register_module("template_embedder", TemplateEmbedder(config.template_, checkpointing.template_pair));
  }
  if (config.extra_msa.enabled) {
    extra_msa_embedder_ = register_module("extra_msa_embedder", ExtraMsaEmbedder(config.extra_msa.extra_msa_embedder));
    extra_msa_stack_ =
        register_module("extra_msa_stack", ExtraMsaStack(config.extra_msa.extra_msa_stack, checkpointing.extra_msa));
  }
  evoformer_ = register_module("evoformer", EvoformerStack(config.evoformer_stack, checkpointing.evoformer));
  structure_module_ = register_module("structure_module", StructureModule(config.structure_module));
  aux_heads_ = register_module("aux_heads", AuxiliaryHeads(config.heads));
}

std::vector<torch::nn::Module*> AlphaFoldImpl::trunk() const {
  std::vector<torch::nn::Module*> modules;
  for (const auto& child : named_children()) {
    if (child.key() != "structure_module" && child.key() != "aux_heads") modules.push_back(child.value().get());
  }
  return modules;
}

void AlphaFoldImpl::trunk_to(at::ScalarType type) {
  for (torch::nn::Module* module : trunk()) module->to(type);
}

at::ScalarType AlphaFoldImpl::trunk_type() const { return type_of(*recycling_embedder_); }

std::pair<at::Tensor, at::Tensor> AlphaFoldImpl::embed_inputs(const TensorDict& features) {
  const auto in_trunk = [type = trunk_type(), &features](const char* name) { return features.at(name).to(type); };
  const at::Tensor& residue_index = features.at("residue_index");
  if (!preembedding_embedder_.is_empty()) {
    return preembedding_embedder_(in_trunk("target_feat"), residue_index, in_trunk("seq_embedding"));
  }
  return input_embedder_(in_trunk("target_feat"), residue_index, in_trunk("msa_feat"));
}

TensorDict AlphaFoldImpl::pass(const TensorDict& features, Recycled& recycled) {
  const at::Tensor& aatype = features.at("aatype");
  const at::Tensor& seq_mask = features.at("seq_mask");
  const at::ScalarType type = trunk_type();
  const at::Tensor trunk_seq_mask = seq_mask.to(type);  // masks are 0 or 1, which every type holds
  const at::Tensor pair_mask = trunk_seq_mask.unsqueeze(-1) * trunk_seq_mask.unsqueeze(-2);
  at::Tensor msa_mask = features.at("msa_mask").to(type);

  auto [m, z] = embed_inputs(features);
  const std::int64_t n_seq = m.size(-3);

  if (!recycled.z.defined()) {
    recycled.m_1 = at::zeros_like(m.select(-3, 0));
    recycled.z = at::zeros_like(z);
    auto shape = aatype.sizes().vec();
    shape.insert(shape.end(), {atom37_count, 3});
    recycled.x = at::zeros(shape, seq_mask.options());
  }
  {
    const auto [m_1_update, z_update] = recycling_embedder_(recycled.m_1, recycled.z, pseudo_beta(aatype, recycled.x));
    m.select(-3, 0).add_(m_1_update);
    z = z + z_update;
    recycled = {};  // embedded: its memory is free for this pass
  }

  if (!template_embedder_.is_empty()) {
    const TemplateEmbedding templates = template_embedder_(features, z, pair_mask, config_.mask_trans);
    z = z + templates.pair;
    if (templates.single.defined()) {
      m = at::cat({m, templates.single}, -3);
      // A template's row is masked where it has no psi angle.
      msa_mask = at::cat({msa_mask, features.at("template_torsion_angles_mask").select(-1, 2).to(type)}, -2);
    }
  }
  if (!extra_msa_stack_.is_empty()) {
    const at::Tensor extra = extra_msa_embedder_(build_extra_msa_feat(features).to(type));
    z = extra_msa_stack_(extra, z, features.at("extra_msa_mask").to(type), pair_mask, config_.mask_trans);
  }

  const EvoformerOutput trunk = evoformer_(std::move(m), std::move(z), msa_mask, pair_mask, config_.mask_trans);
  TensorDict outputs = {{"msa", trunk.m.narrow(-3, 0, n_seq)}, {"pair", trunk.z}, {"single", trunk.s}};
  const at::ScalarType geometry = seq_mask.scalar_type();
  for (const auto& [name, tensor] : structure_module_(trunk.s.to(geometry), trunk.z.to(geometry), aatype, seq_mask)) {
    outputs["sm." + name] = tensor;
  }
  outputs["final_atom_positions"] =
      atom14_to_atom37(outputs.at("sm.positions").select(0, -1), features.at("residx_atom37_to_atom14"),
                       features.at("atom37_atom_exists"));
  outputs["final_atom_mask"] = features.at("atom37_atom_exists");
  outputs["final_affine_tensor"] = outputs.at("sm.frames").select(0, -1);

  recycled = {trunk.m.select(-3, 0), trunk.z, outputs.at("final_atom_positions")};
  return outputs;
}

TensorDict AlphaFoldImpl::forward(const TensorDict& batch) {
  const TraceScope scope(*this);
  const at::ScalarType geometry = type_of(*structure_module_);
  const std::int64_t passes = batch.at("aatype").size(-1);
  const bool with_gradient = torch::GradMode::is_enabled();
  Recycled recycled;
  TensorDict outputs;
  for (std::int64_t i = 0; i < passes; ++i) {
    const RecyclingPassRange range(i);
    const torch::AutoGradMode grad_mode(with_gradient && i == passes - 1);
    outputs = {};  // of the pass before: only what is recycled counts
    outputs = pass(features_of_pass(batch, i, geometry), recycled);
  }
  outputs["num_recycles"] = at::scalar_tensor(passes, batch.at("aatype").options());
  for (const auto& [name, tensor] : aux_heads_(outputs)) outputs[name] = tensor;
  return outputs;
}

}  // namespace foldperf::trainer
