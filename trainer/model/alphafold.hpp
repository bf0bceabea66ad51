// The whole model (AlphaFold 2 supplement, algorithms 2 and 31; openfold/model/model.py: AlphaFold), monomer.
#pragma once

#include <utility>
#include <vector>

#include "trainer/config/model_config.hpp"
#include "trainer/model/evoformer.hpp"
#include "trainer/model/extra_msa.hpp"
#include "trainer/model/heads.hpp"
#include "trainer/model/input_embedder.hpp"
#include "trainer/model/preembedding_embedder.hpp"
#include "trainer/model/structure_module.hpp"
#include "trainer/model/template_embedder.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Parameters: input_embedder (in sequence-embedding mode a PreembeddingEmbedder), recycling_embedder,
// template_embedder, extra_msa_embedder, extra_msa_stack (the last three only where enabled), evoformer,
// structure_module, aux_heads.
class AlphaFoldImpl : public TracedModule {
 public:
  explicit AlphaFoldImpl(const ModelConfig& config);

  // batch: features under OpenFold's names, [batch, ..., recycling]; the last dimension of aatype says how many passes
  // are made, each with its own slice. All passes but the last run without gradient. In sequence-embedding mode
  // seq_embedding is taken in place of msa_feat, and msa_mask has one row.
  //
  // Features come in float32 (float64 where the model is) and are rounded where the trunk reads them. Gives
  // msa [*, S, N, c_m] (without template rows), pair [*, N, N, c_z], single [*, N, c_s], the structure module's
  // results as "sm.<name>", final_atom_positions [*, N, 37, 3] and final_atom_mask [*, N, 37], final_affine_tensor
  // [*, N, 7], num_recycles (passes made, scalar), and what AuxiliaryHeads gives.
  TensorDict forward(const TensorDict& batch);

  [[nodiscard]] const ModelConfig& config() const { return config_; }

  // Converts the parameters of the trunk (embedders, templates, extra MSA, Evoformer), whose activations then have that
  // type too: bfloat16 for training in half precision. Structure module and heads, and with them all geometry, stay as
  // they are, and so do the counts and products that lose too much (outer product mean, softmax statistics).
  void trunk_to(at::ScalarType type);
  [[nodiscard]] at::ScalarType trunk_type() const;

 private:
  [[nodiscard]] std::vector<torch::nn::Module*> trunk() const;

  struct Recycled {
    at::Tensor m_1;  // [*, N, c_m]
    at::Tensor z;    // [*, N, N, c_z]
    at::Tensor x;    // [*, N, 37, 3]
  };

  // The starting m [*, S, N, c_m] and z [*, N, N, c_z].
  std::pair<at::Tensor, at::Tensor> embed_inputs(const TensorDict& features);
  TensorDict pass(const TensorDict& features, Recycled& recycled);

  ModelConfig config_;
  InputEmbedder input_embedder_{nullptr};
  PreembeddingEmbedder preembedding_embedder_{nullptr};  // in its place
  RecyclingEmbedder recycling_embedder_{nullptr};
  TemplateEmbedder template_embedder_{nullptr};
  ExtraMsaEmbedder extra_msa_embedder_{nullptr};
  ExtraMsaStack extra_msa_stack_{nullptr};
  EvoformerStack evoformer_{nullptr};
  StructureModule structure_module_{nullptr};
  AuxiliaryHeads aux_heads_{nullptr};
};
TORCH_MODULE(AlphaFold);

}  // namespace foldperf::trainer
