#include "trainer/config/model_config.hpp"

#include "core/error.hpp"
#include "trainer/config/section_visitor.hpp"

namespace foldperf::trainer {

using nlohmann::json;

template <typename Visitor>
static void visit(InputEmbedderConfig& c, Visitor& field) {
  field("tf_dim", c.tf_dim);
  field("msa_dim", c.msa_dim);
  field("c_z", c.c_z);
  field("c_m", c.c_m);
  field("relpos_k", c.relpos_k);
}
template <typename Visitor>
static void visit(PreembeddingEmbedderConfig& c, Visitor& field) {
  field("tf_dim", c.tf_dim);
  field("preembedding_dim", c.preembedding_dim);
  field("c_z", c.c_z);
  field("c_m", c.c_m);
  field("relpos_k", c.relpos_k);
}
template <typename Visitor>
static void visit(RecyclingEmbedderConfig& c, Visitor& field) {
  field("c_z", c.c_z);
  field("c_m", c.c_m);
  field("min_bin", c.min_bin);
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
  field("inf", c.inf);
}
template <typename Visitor>
static void visit(TemplateDistogramConfig& c, Visitor& field) {
  field("min_bin", c.min_bin);
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
}
template <typename Visitor>
static void visit(TemplateSingleEmbedderConfig& c, Visitor& field) {
  field("c_in", c.c_in);
  field("c_out", c.c_out);
}
template <typename Visitor>
static void visit(TemplatePairEmbedderConfig& c, Visitor& field) {
  field("c_in", c.c_in);
  field("c_out", c.c_out);
}
template <typename Visitor>
static void visit(ExtraMsaEmbedderConfig& c, Visitor& field) {
  field("c_in", c.c_in);
  field("c_out", c.c_out);
}
template <typename Visitor>
static void visit(TemplatePairStackConfig& c, Visitor& field) {
  field("c_t", c.c_t);
  field("c_hidden_tri_att", c.c_hidden_tri_att);
  field("c_hidden_tri_mul", c.c_hidden_tri_mul);
  field("no_blocks", c.no_blocks);
  field("no_heads", c.no_heads);
  field("pair_transition_n", c.pair_transition_n);
  field("dropout_rate", c.dropout_rate);
  field("tri_mul_first", c.tri_mul_first);
  field("inf", c.inf);
}
template <typename Visitor>
static void visit(TemplatePointwiseAttentionConfig& c, Visitor& field) {
  field("c_t", c.c_t);
  field("c_z", c.c_z);
  field("c_hidden", c.c_hidden);
  field("no_heads", c.no_heads);
  field("inf", c.inf);
}
template <typename Visitor>
static void visit(TemplateConfig& c, Visitor& field) {
  field("distogram", c.distogram);
  field("template_single_embedder", c.template_single_embedder);
  field("template_pair_embedder", c.template_pair_embedder);
  field("template_pair_stack", c.template_pair_stack);
  field("template_pointwise_attention", c.template_pointwise_attention);
  field("inf", c.inf);
  field("eps", c.eps);
  field("enabled", c.enabled);
  field("embed_angles", c.embed_angles);
  field("use_unit_vector", c.use_unit_vector);
  field("average_templates", c.average_templates);
}
template <typename Visitor>
static void visit(EvoformerStackConfig& c, Visitor& field) {
  field("c_m", c.c_m);
  field("c_z", c.c_z);
  field("c_hidden_msa_att", c.c_hidden_msa_att);
  field("c_hidden_opm", c.c_hidden_opm);
  field("c_hidden_mul", c.c_hidden_mul);
  field("c_hidden_pair_att", c.c_hidden_pair_att);
  field("c_s", c.c_s);
  field("no_heads_msa", c.no_heads_msa);
  field("no_heads_pair", c.no_heads_pair);
  field("no_blocks", c.no_blocks);
  field("transition_n", c.transition_n);
  field("msa_dropout", c.msa_dropout);
  field("pair_dropout", c.pair_dropout);
  field("no_column_attention", c.no_column_attention);
  field("opm_first", c.opm_first);
  field("inf", c.inf);
  field("eps", c.eps);
}
template <typename Visitor>
static void visit(ExtraMsaConfig& c, Visitor& field) {
  field("extra_msa_embedder", c.extra_msa_embedder);
  field("extra_msa_stack", c.extra_msa_stack);
  field("enabled", c.enabled);
}
template <typename Visitor>
static void visit(StructureModuleConfig& c, Visitor& field) {
  field("c_s", c.c_s);
  field("c_z", c.c_z);
  field("c_ipa", c.c_ipa);
  field("c_resnet", c.c_resnet);
  field("no_heads_ipa", c.no_heads_ipa);
  field("no_qk_points", c.no_qk_points);
  field("no_v_points", c.no_v_points);
  field("dropout_rate", c.dropout_rate);
  field("no_blocks", c.no_blocks);
  field("no_transition_layers", c.no_transition_layers);
  field("no_resnet_blocks", c.no_resnet_blocks);
  field("no_angles", c.no_angles);
  field("trans_scale_factor", c.trans_scale_factor);
  field("epsilon", c.epsilon);
  field("inf", c.inf);
}
template <typename Visitor>
static void visit(HeadsConfig& c, Visitor& field) {
  field("lddt", c.lddt);
  field("distogram", c.distogram);
  field("tm", c.tm);
  field("masked_msa", c.masked_msa);
  field("experimentally_resolved", c.experimentally_resolved);
}
template <typename Visitor>
static void visit(LddtHeadConfig& c, Visitor& field) {
  field("no_bins", c.no_bins);
  field("c_in", c.c_in);
  field("c_hidden", c.c_hidden);
}
template <typename Visitor>
static void visit(DistogramHeadConfig& c, Visitor& field) {
  field("c_z", c.c_z);
  field("no_bins", c.no_bins);
}
template <typename Visitor>
static void visit(TmHeadConfig& c, Visitor& field) {
  field("c_z", c.c_z);
  field("no_bins", c.no_bins);
  field("enabled", c.enabled);
}
template <typename Visitor>
static void visit(MaskedMsaHeadConfig& c, Visitor& field) {
  field("c_m", c.c_m);
  field("c_out", c.c_out);
}
template <typename Visitor>
static void visit(ExperimentallyResolvedHeadConfig& c, Visitor& field) {
  field("c_s", c.c_s);
  field("c_out", c.c_out);
}
template <typename Visitor>
static void visit(ModelConfig& c, Visitor& field) {
  field("input_embedder", c.input_embedder);
  field("preembedding_embedder", c.preembedding_embedder);
  field("recycling_embedder", c.recycling_embedder);
  field("template", c.template_);
  field("extra_msa", c.extra_msa);
  field("evoformer_stack", c.evoformer_stack);
  field("structure_module", c.structure_module);
  field("heads", c.heads);
  field("_mask_trans", c.mask_trans);
  field("seqemb_mode_enabled", c.seqemb_mode_enabled);
  field("blocks_per_checkpoint", c.blocks_per_checkpoint);
  field("blocks_kept", c.blocks_kept);
  field("inference_slice_mib", c.inference_slice_mib);
}

// OpenFold says in each stack how many blocks a checkpoint spans; its presets say the same in all. Absent: keep the
// default. Null: none.
static void read_checkpointing(const json& tree, ModelConfig& config) {
  if (tree.contains("blocks_per_checkpoint") || !tree.contains("evoformer_stack")) return;
  const json& stack = tree.at("evoformer_stack");
  const auto found = stack.find("blocks_per_ckpt");
  if (found == stack.end()) return;
  if (!found->is_null() && !found->is_number_integer()) {
    throw UsageError("model.evoformer_stack.blocks_per_ckpt: expected a whole number or null, found " + found->dump());
  }
  config.blocks_per_checkpoint = found->is_null() ? 0 : found->get<std::int64_t>();
}

EvoformerStackConfig extra_msa_stack_defaults() {
  EvoformerStackConfig config;
  config.c_m = 64;
  config.c_hidden_msa_att = 8;
  config.no_blocks = 4;
  return config;
}

ModelConfig model_config_from_json(const json& tree) {
  auto config = read_section<ModelConfig>(tree, "model", {.refuse_unknown = false});
  read_checkpointing(tree, config);
  return config;
}

json to_json(const ModelConfig& config) { return write_section(config); }

}  // namespace foldperf::trainer
