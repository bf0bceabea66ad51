// Templates: embedders of their features, pair stack (algorithm 16), pointwise attention (algorithm 17), and all
// together (algorithm 2, lines 7 to 13) (openfold/model/template.py, openfold/model/embedders.py).
#pragma once

#include <vector>

#include "trainer/config/model_config.hpp"
#include "trainer/model/checkpoint.hpp"
#include "trainer/model/pair_stack.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Parameters: linear_1, linear_2.
class TemplateSingleEmbedderImpl : public TracedModule {
 public:
  explicit TemplateSingleEmbedderImpl(const TemplateSingleEmbedderConfig& config);
  at::Tensor forward(const at::Tensor& x);  // [*, T, N, c_in] to [*, T, N, c_out]

 private:
  Linear linear_1_{nullptr}, linear_2_{nullptr};
};
TORCH_MODULE(TemplateSingleEmbedder);

// Parameters: linear.
class TemplatePairEmbedderImpl : public TracedModule {
 public:
  explicit TemplatePairEmbedderImpl(const TemplatePairEmbedderConfig& config);
  at::Tensor forward(const at::Tensor& x);  // [*, N, N, c_in] to [*, N, N, c_out]

 private:
  Linear linear_{nullptr};
};
TORCH_MODULE(TemplatePairEmbedder);

// Parameters: tri_att_start, tri_att_end, tri_mul_out, tri_mul_in, pair_transition.
class TemplatePairStackBlockImpl : public TracedModule {
 public:
  explicit TemplatePairStackBlockImpl(const TemplatePairStackConfig& config);
  // t [*, T, N, N, c_t], mask [*, T or 1, N, N]; templates do not see each other.
  at::Tensor forward(at::Tensor t, const at::Tensor& mask, bool mask_trans);

 private:
  at::Tensor attend(at::Tensor t, const at::Tensor& mask);
  at::Tensor multiply(at::Tensor t, const at::Tensor& mask);

  bool tri_mul_first_;
  SharedDropout rowwise_;
  SharedDropout columnwise_;
  TriangleAttentionStartingNode tri_att_start_{nullptr};
  TriangleAttentionEndingNode tri_att_end_{nullptr};
  TriangleMultiplicationOutgoing tri_mul_out_{nullptr};
  TriangleMultiplicationIncoming tri_mul_in_{nullptr};
  PairTransition pair_transition_{nullptr};
};
TORCH_MODULE(TemplatePairStackBlock);

// Parameters: blocks.<i>, layer_norm.
class TemplatePairStackImpl : public TracedModule {
 public:
  explicit TemplatePairStackImpl(const TemplatePairStackConfig& config, const Checkpointing& checkpointing = {});
  // t [*, T, N, N, c_t], mask [*, T or 1, N, N]; gives [*, T, N, N, c_t].
  at::Tensor forward(at::Tensor t, const at::Tensor& mask, bool mask_trans);

 private:
  Checkpointing checkpointing_;
  std::vector<TemplatePairStackBlock> blocks_;
  LayerNorm layer_norm_{nullptr};
};
TORCH_MODULE(TemplatePairStack);

// Every pair of residues attends over its templates. Parameters: mha (without gate).
class TemplatePointwiseAttentionImpl : public TracedModule {
 public:
  explicit TemplatePointwiseAttentionImpl(const TemplatePointwiseAttentionConfig& config);
  // t [*, T, N, N, c_t], z [*, N, N, c_z], template_mask [*, T] or undefined; gives [*, N, N, c_z].
  at::Tensor forward(const at::Tensor& t, const at::Tensor& z, const at::Tensor& template_mask);

 private:
  double inf_;
  Attention mha_{nullptr};
};
TORCH_MODULE(TemplatePointwiseAttention);

struct TemplateEmbedding {
  at::Tensor pair;    // [*, N, N, c_z]: added to z; 0 where no template is present
  at::Tensor single;  // [*, T, N, c_m]: rows appended to m; undefined unless config.embed_angles
};

// Parameters: template_single_embedder, template_pair_embedder, template_pair_stack, template_pointwise_att.
class TemplateEmbedderImpl : public TracedModule {
 public:
  explicit TemplateEmbedderImpl(const TemplateConfig& config, const Checkpointing& checkpointing = {});
  // batch: the features named in template_features.hpp with dimensions [*, T, N, ...], and template_mask [*, T];
  // z [*, N, N, c_z], pair_mask [*, N, N].
  TemplateEmbedding forward(const TensorDict& batch, const at::Tensor& z, const at::Tensor& pair_mask, bool mask_trans);

 private:
  // Pointwise attention over all templates at once, or averaged over groups of two (config.average_templates).
  at::Tensor attend_templates(const at::Tensor& t, const at::Tensor& z, const at::Tensor& template_mask);

  TemplateConfig config_;
  TemplateSingleEmbedder template_single_embedder_{nullptr};
  TemplatePairEmbedder template_pair_embedder_{nullptr};
  TemplatePairStack template_pair_stack_{nullptr};
  TemplatePointwiseAttention template_pointwise_att_{nullptr};
};
TORCH_MODULE(TemplateEmbedder);

}  // namespace foldperf::trainer
