#include "trainer/model/template_embedder.hpp"

#include "trainer/model/inference_slices.hpp"
#include "trainer/model/template_features.hpp"

namespace foldperf::trainer {

TemplateSingleEmbedderImpl::TemplateSingleEmbedderImpl(const TemplateSingleEmbedderConfig& config) {
  linear_1_ = register_module("linear_1", Linear(config.c_in, config.c_out, LinearInit::relu));
  linear_2_ = register_module("linear_2", Linear(config.c_out, config.c_out, LinearInit::relu));
}

at::Tensor TemplateSingleEmbedderImpl::forward(const at::Tensor& x) {
  const TraceScope trace(*this);
  return linear_2_->forward(linear_1_->forward(x).relu_());
}

TemplatePairEmbedderImpl::TemplatePairEmbedderImpl(const TemplatePairEmbedderConfig& config) {
  linear_ = register_module("linear", Linear(config.c_in, config.c_out, LinearInit::relu));
}

at::Tensor TemplatePairEmbedderImpl::forward(const at::Tensor& x) {
  const TraceScope trace(*this);
  return linear_->forward(x);
}

TemplatePairStackBlockImpl::TemplatePairStackBlockImpl(const TemplatePairStackConfig& config)
    : tri_mul_first_(config.tri_mul_first),
      rowwise_(SharedDropout::rowwise(config.dropout_rate)),
      columnwise_(SharedDropout::columnwise(config.dropout_rate)) {
  tri_att_start_ = register_module(
      "tri_att_start", TriangleAttentionStartingNode(config.c_t, config.c_hidden_tri_att, config.no_heads, config.inf));
  tri_att_end_ = register_module(
      "tri_att_end", TriangleAttentionEndingNode(config.c_t, config.c_hidden_tri_att, config.no_heads, config.inf));
  tri_mul_out_ = register_module("tri_mul_out", TriangleMultiplicationOutgoing(config.c_t, config.c_hidden_tri_mul));
  tri_mul_in_ = register_module("tri_mul_in", TriangleMultiplicationIncoming(config.c_t, config.c_hidden_tri_mul));
  pair_transition_ = register_module("pair_transition", PairTransition(config.c_t, config.pair_transition_n));
}

at::Tensor TemplatePairStackBlockImpl::attend(at::Tensor t, const at::Tensor& mask) {
  t = rowwise_.add(t, tri_att_start_->forward(t, mask), is_training());
  return columnwise_.add(t, tri_att_end_->forward(t, mask), is_training());
}

at::Tensor TemplatePairStackBlockImpl::multiply(at::Tensor t, const at::Tensor& mask) {
  t = rowwise_.add(t, tri_mul_out_->forward(t, mask), is_training());
  return rowwise_.add(t, tri_mul_in_->forward(t, mask), is_training());
}

at::Tensor TemplatePairStackBlockImpl::forward(at::Tensor t, const at::Tensor& mask, bool mask_trans) {
  const TraceScope trace(*this);
  t = tri_mul_first_ ? attend(multiply(std::move(t), mask), mask) : multiply(attend(std::move(t), mask), mask);
  return t + pair_transition_->forward(t, mask_trans ? mask : at::Tensor());
}

TemplatePairStackImpl::TemplatePairStackImpl(const TemplatePairStackConfig& config, const Checkpointing& checkpointing)
    : checkpointing_(checkpointing) {
  torch::nn::ModuleList list;
  for (std::int64_t i = 0; i < config.no_blocks; ++i) {
    blocks_.emplace_back(config);
    list->push_back(blocks_.back());
  }
  register_module("blocks", list);
  layer_norm_ = register_module("layer_norm", LayerNorm(config.c_t));
}

at::Tensor TemplatePairStackImpl::forward(at::Tensor t, const at::Tensor& mask, bool mask_trans) {
  const TraceScope trace(*this);
  std::vector<CheckpointedBlock> calls;
  for (TemplatePairStackBlock& block : blocks_) {
    calls.push_back({[block, mask, mask_trans](const std::vector<at::Tensor>& state) mutable {
                       return std::vector<at::Tensor>{block->forward(state[0], mask, mask_trans)};
                     },
                     block.get()});
  }
  // OpenFold recomputes these only in training mode; the gradient is the same either way.
  std::vector<at::Tensor> state{std::move(t)};
  return layer_norm_->forward(run_blocks(calls, std::move(state), checkpointing_)[0]);
}

TemplatePointwiseAttentionImpl::TemplatePointwiseAttentionImpl(const TemplatePointwiseAttentionConfig& config)
    : inf_(config.inf) {
  mha_ = register_module(
      "mha", Attention(config.c_z, config.c_t, config.c_t, config.c_hidden, config.no_heads, /*gating=*/false));
}

at::Tensor TemplatePointwiseAttentionImpl::forward(const at::Tensor& t, const at::Tensor& z,
                                                   const at::Tensor& template_mask) {
  const TraceScope trace(*this);
  std::vector<at::Tensor> biases;
  if (template_mask.defined()) {
    // [*, 1, 1, 1, 1, T]: two residues, head, query
    const at::Tensor bias = mask_to_bias(template_mask, inf_);
    biases.push_back(bias.unsqueeze(-2).unsqueeze(-2).unsqueeze(-2).unsqueeze(-2));
  }
  // Of a row: the templates in another order, their keys and values, twice each, and the queries.
  const std::int64_t rows = z.size(-3), each = z.numel() / rows + 5 * t.numel() / rows;
  return in_slices(rows, rows_at_once(rows, each, z), -3, [&](std::int64_t first, std::int64_t size) {
    // Queries [*, N, N, 1, c_z] against keys and values [*, N, N, T, c_t].
    return mha_->forward(rows_of(z, -3, first, size).unsqueeze(-2), rows_of(t, -3, first, size).movedim(-4, -2), biases)
        .squeeze(-2);
  });
}

TemplateEmbedderImpl::TemplateEmbedderImpl(const TemplateConfig& config, const Checkpointing& checkpointing)
    : config_(config) {
  template_single_embedder_ =
      register_module("template_single_embedder", TemplateSingleEmbedder(config.template_single_embedder));
  template_pair_embedder_ =
      register_module("template_pair_embedder", TemplatePairEmbedder(config.template_pair_embedder));
  template_pair_stack_ =
      register_module("template_pair_stack", TemplatePairStack(config.template_pair_stack, checkpointing));
  template_pointwise_att_ =
      register_module("template_pointwise_att", TemplatePointwiseAttention(config.template_pointwise_attention));
}

at::Tensor TemplateEmbedderImpl::attend_templates(const at::Tensor& t, const at::Tensor& z,
                                                  const at::Tensor& template_mask) {
  if (!config_.average_templates) return template_pointwise_att_->forward(t, z, template_mask);
  constexpr std::int64_t group_size = 2;  // OpenFold's templ_group_size
  const std::int64_t templates = t.size(-4);
  const std::int64_t groups = (templates + group_size - 1) / group_size;
  at::Tensor sum = at::zeros_like(z);
  for (std::int64_t begin = 0; begin < templates; begin += group_size) {
    const std::int64_t end = std::min(begin + group_size, templates);
    sum = sum + template_pointwise_att_->forward(t.slice(-4, begin, end), z, template_mask.slice(-1, begin, end)) /
                    static_cast<double>(groups);
  }
  return sum;
}

TemplateEmbedding TemplateEmbedderImpl::forward(const TensorDict& batch, const at::Tensor& z,
                                                const at::Tensor& pair_mask, bool mask_trans) {
  const TraceScope trace(*this);
  const at::Tensor template_mask = batch.at("template_mask").to(z.scalar_type());
  at::Tensor t = template_pair_embedder_->forward(build_template_pair_feat(batch, config_).to(z.scalar_type()));
  t = template_pair_stack_->forward(t, pair_mask.to(z.scalar_type()).unsqueeze(-3), mask_trans);
  const at::Tensor any_template = template_mask.sum(-1).gt(0).to(z.scalar_type());
  TemplateEmbedding result;
  result.pair = attend_templates(t, z, template_mask) * any_template.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1);
  if (config_.embed_angles) {
    result.single = template_single_embedder_->forward(build_template_angle_feat(batch).to(z.scalar_type()));
  }
  return result;
}

}  // namespace foldperf::trainer
