#include "trainer/config/model_config.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

using nlohmann::json;

// The fields of every section, listed once for reading and writing. `visit(key, field)` gets OpenFold's name of the key.
template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, InputEmbedderConfig>
{
  visit("tf_dim", c.tf_dim);
  visit("msa_dim", c.msa_dim);
  visit("c_z", c.c_z);
  visit("c_m", c.c_m);
  visit("relpos_k", c.relpos_k);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, RecyclingEmbedderConfig>
{
  visit("c_z", c.c_z);
  visit("c_m", c.c_m);
  visit("min_bin", c.min_bin);
  visit("max_bin", c.max_bin);
  visit("no_bins", c.no_bins);
  visit("inf", c.inf);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplateDistogramConfig>
{
  visit("min_bin", c.min_bin);
  visit("max_bin", c.max_bin);
  visit("no_bins", c.no_bins);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplateSingleEmbedderConfig> ||
           std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplatePairEmbedderConfig> ||
           std::is_same_v<std::remove_cvref_t<decltype(c)>, ExtraMsaEmbedderConfig>
{
  visit("c_in", c.c_in);
  visit("c_out", c.c_out);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplatePairStackConfig>
{
  visit("c_t", c.c_t);
  visit("c_hidden_tri_att", c.c_hidden_tri_att);
  visit("c_hidden_tri_mul", c.c_hidden_tri_mul);
  visit("no_blocks", c.no_blocks);
  visit("no_heads", c.no_heads);
  visit("pair_transition_n", c.pair_transition_n);
  visit("dropout_rate", c.dropout_rate);
  visit("tri_mul_first", c.tri_mul_first);
  visit("inf", c.inf);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplatePointwiseAttentionConfig>
{
  visit("c_t", c.c_t);
  visit("c_z", c.c_z);
  visit("c_hidden", c.c_hidden);
  visit("no_heads", c.no_heads);
  visit("inf", c.inf);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TemplateConfig>
{
  visit("distogram", c.distogram);
  visit("template_single_embedder", c.template_single_embedder);
  visit("template_pair_embedder", c.template_pair_embedder);
  visit("template_pair_stack", c.template_pair_stack);
  visit("template_pointwise_attention", c.template_pointwise_attention);
  visit("inf", c.inf);
  visit("eps", c.eps);
  visit("enabled", c.enabled);
  visit("embed_angles", c.embed_angles);
  visit("use_unit_vector", c.use_unit_vector);
  visit("average_templates", c.average_templates);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, EvoformerStackConfig>
{
  visit("c_m", c.c_m);
  visit("c_z", c.c_z);
  visit("c_hidden_msa_att", c.c_hidden_msa_att);
  visit("c_hidden_opm", c.c_hidden_opm);
  visit("c_hidden_mul", c.c_hidden_mul);
  visit("c_hidden_pair_att", c.c_hidden_pair_att);
  visit("c_s", c.c_s);
  visit("no_heads_msa", c.no_heads_msa);
  visit("no_heads_pair", c.no_heads_pair);
  visit("no_blocks", c.no_blocks);
  visit("transition_n", c.transition_n);
  visit("msa_dropout", c.msa_dropout);
  visit("pair_dropout", c.pair_dropout);
  visit("no_column_attention", c.no_column_attention);
  visit("opm_first", c.opm_first);
  visit("inf", c.inf);
  visit("eps", c.eps);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, ExtraMsaConfig>
{
  visit("extra_msa_embedder", c.extra_msa_embedder);
  visit("extra_msa_stack", c.extra_msa_stack);
  visit("enabled", c.enabled);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, StructureModuleConfig>
{
  visit("c_s", c.c_s);
  visit("c_z", c.c_z);
  visit("c_ipa", c.c_ipa);
  visit("c_resnet", c.c_resnet);
  visit("no_heads_ipa", c.no_heads_ipa);
  visit("no_qk_points", c.no_qk_points);
  visit("no_v_points", c.no_v_points);
  visit("dropout_rate", c.dropout_rate);
  visit("no_blocks", c.no_blocks);
  visit("no_transition_layers", c.no_transition_layers);
  visit("no_resnet_blocks", c.no_resnet_blocks);
  visit("no_angles", c.no_angles);
  visit("trans_scale_factor", c.trans_scale_factor);
  visit("epsilon", c.epsilon);
  visit("inf", c.inf);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, HeadsConfig>
{
  visit("lddt", c.lddt);
  visit("distogram", c.distogram);
  visit("tm", c.tm);
  visit("masked_msa", c.masked_msa);
  visit("experimentally_resolved", c.experimentally_resolved);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, LddtHeadConfig>
{
  visit("no_bins", c.no_bins);
  visit("c_in", c.c_in);
  visit("c_hidden", c.c_hidden);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, DistogramHeadConfig>
{
  visit("c_z", c.c_z);
  visit("no_bins", c.no_bins);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, TmHeadConfig>
{
  visit("c_z", c.c_z);
  visit("no_bins", c.no_bins);
  visit("enabled", c.enabled);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, MaskedMsaHeadConfig>
{
  visit("c_m", c.c_m);
  visit("c_out", c.c_out);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, ExperimentallyResolvedHeadConfig>
{
  visit("c_s", c.c_s);
  visit("c_out", c.c_out);
}

template <typename Visit>
void fields(auto& c, Visit&& visit)
  requires std::is_same_v<std::remove_cvref_t<decltype(c)>, ModelConfig>
{
  visit("input_embedder", c.input_embedder);
  visit("recycling_embedder", c.recycling_embedder);
  visit("template", c.template_);
  visit("extra_msa", c.extra_msa);
  visit("evoformer_stack", c.evoformer_stack);
  visit("structure_module", c.structure_module);
  visit("heads", c.heads);
  visit("_mask_trans", c.mask_trans);
  visit("blocks_per_checkpoint", c.blocks_per_checkpoint);
}

void read_leaf(const json& value, const std::string& path, bool& field) {
  if (!value.is_boolean()) throw UsageError(path + ": expected true or false, found " + value.dump());
  field = value.get<bool>();
}
void read_leaf(const json& value, const std::string& path, double& field) {
  if (!value.is_number()) throw UsageError(path + ": expected a number, found " + value.dump());
  field = value.get<double>();
}
void read_leaf(const json& value, const std::string& path, std::int64_t& field) {
  const bool whole = value.is_number_integer() ||
                     (value.is_number_float() && value.get<double>() == static_cast<double>(value.get<std::int64_t>()));
  if (!whole) throw UsageError(path + ": expected a whole number, found " + value.dump());
  field = value.get<std::int64_t>();
}

template <typename Section>
void read_section(const json& tree, const std::string& path, Section& section) {
  if (!tree.is_object()) throw UsageError(path + ": expected a section, found " + tree.dump());
  fields(section, [&](const char* key, auto& field) {
    const auto found = tree.find(key);
    // null is OpenFold's "not set".
    if (found == tree.end() || found->is_null()) return;
    const std::string field_path = path + "." + key;
    if constexpr (std::is_class_v<std::remove_cvref_t<decltype(field)>>) {
      read_section(*found, field_path, field);
    } else {
      read_leaf(*found, field_path, field);
    }
  });
}

template <typename Section>
json write_section(const Section& section) {
  json tree = json::object();
  fields(section, [&](const char* key, const auto& field) {
    if constexpr (std::is_class_v<std::remove_cvref_t<decltype(field)>>) {
      tree[key] = write_section(field);
    } else {
      tree[key] = field;
    }
  });
  return tree;
}

// OpenFold says in each stack how many blocks a checkpoint spans; its presets say the same in all. Absent or null: keep
// the default, respectively none.
void read_checkpointing(const json& tree, ModelConfig& config) {
  if (tree.contains("blocks_per_checkpoint") || !tree.contains("evoformer_stack")) return;
  const json& stack = tree.at("evoformer_stack");
  const auto found = stack.find("blocks_per_ckpt");
  if (found == stack.end()) return;
  if (found->is_null()) {
    config.blocks_per_checkpoint = 0;
  } else {
    read_leaf(*found, "model.evoformer_stack.blocks_per_ckpt", config.blocks_per_checkpoint);
  }
}

}  // namespace

EvoformerStackConfig extra_msa_stack_defaults() {
  EvoformerStackConfig config;
  config.c_m = 64;
  config.c_hidden_msa_att = 8;
  config.no_blocks = 4;
  return config;
}

ModelConfig model_config_from_json(const json& tree) {
  ModelConfig config;
  read_section(tree, "model", config);
  read_checkpointing(tree, config);
  return config;
}

json to_json(const ModelConfig& config) { return write_section(config); }

}  // namespace foldperf::trainer
