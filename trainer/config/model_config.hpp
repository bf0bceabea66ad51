// Hyper-parameters of the model, in the sections and under the names of OpenFold's config.model (openfold/config.py),
// so that a configuration of OpenFold can be read as it is. Defaults are those of `initial_training`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace foldperf::trainer {

struct InputEmbedderConfig {
  std::int64_t tf_dim = 22;   // target_feat channels
  std::int64_t msa_dim = 49;  // msa_feat channels
  std::int64_t c_z = 128;
  std::int64_t c_m = 256;
  std::int64_t relpos_k = 32;
};

// In place of InputEmbedderConfig where seqemb_mode_enabled is set.
struct PreembeddingEmbedderConfig {
  std::int64_t tf_dim = 22;              // target_feat channels
  std::int64_t preembedding_dim = 1280;  // seq_embedding channels: those of ESM-1b
  std::int64_t c_z = 128;
  std::int64_t c_m = 256;
  std::int64_t relpos_k = 32;
};

struct RecyclingEmbedderConfig {
  std::int64_t c_z = 128;
  std::int64_t c_m = 256;
  double min_bin = 3.25;  // Angstrom
  double max_bin = 20.75;
  std::int64_t no_bins = 15;
  double inf = 1e8;
};

struct TemplateDistogramConfig {
  double min_bin = 3.25;
  double max_bin = 50.75;
  std::int64_t no_bins = 39;
};

struct TemplateSingleEmbedderConfig {
  std::int64_t c_in = 57;
  std::int64_t c_out = 256;
};

struct TemplatePairEmbedderConfig {
  std::int64_t c_in = 88;
  std::int64_t c_out = 64;
};

struct TemplatePairStackConfig {
  std::int64_t c_t = 64;
  std::int64_t c_hidden_tri_att = 16;
  std::int64_t c_hidden_tri_mul = 64;
  std::int64_t no_blocks = 2;
  std::int64_t no_heads = 4;
  std::int64_t pair_transition_n = 2;
  double dropout_rate = 0.25;
  bool tri_mul_first = false;
  double inf = 1e9;
};

struct TemplatePointwiseAttentionConfig {
  std::int64_t c_t = 64;
  std::int64_t c_z = 128;
  std::int64_t c_hidden = 16;
  std::int64_t no_heads = 4;
  double inf = 1e5;
};

struct TemplateConfig {
  TemplateDistogramConfig distogram;
  TemplateSingleEmbedderConfig template_single_embedder;
  TemplatePairEmbedderConfig template_pair_embedder;
  TemplatePairStackConfig template_pair_stack;
  TemplatePointwiseAttentionConfig template_pointwise_attention;
  double inf = 1e5;
  double eps = 1e-8;  // OpenFold: eps of globals
  bool enabled = true;
  bool embed_angles = true;
  bool use_unit_vector = false;
  bool average_templates = false;
};

struct ExtraMsaEmbedderConfig {
  std::int64_t c_in = 25;
  std::int64_t c_out = 64;
};

// Evoformer blocks; the extra-MSA stack has the same fields but for its width and column attention.
struct EvoformerStackConfig {
  std::int64_t c_m = 256;
  std::int64_t c_z = 128;
  std::int64_t c_hidden_msa_att = 32;
  std::int64_t c_hidden_opm = 32;
  std::int64_t c_hidden_mul = 128;
  std::int64_t c_hidden_pair_att = 32;
  std::int64_t c_s = 384;  // not used by the extra-MSA stack
  std::int64_t no_heads_msa = 8;
  std::int64_t no_heads_pair = 4;
  std::int64_t no_blocks = 48;
  std::int64_t transition_n = 4;
  double msa_dropout = 0.15;
  double pair_dropout = 0.25;
  bool no_column_attention = false;
  bool opm_first = false;
  double inf = 1e9;
  double eps = 1e-8;
};

// EvoformerStackConfig with the extra-MSA stack's defaults: c_m 64, c_hidden_msa_att 8, 4 blocks.
EvoformerStackConfig extra_msa_stack_defaults();

struct ExtraMsaConfig {
  ExtraMsaEmbedderConfig extra_msa_embedder;
  EvoformerStackConfig extra_msa_stack = extra_msa_stack_defaults();
  bool enabled = true;
};

struct StructureModuleConfig {
  std::int64_t c_s = 384;
  std::int64_t c_z = 128;
  std::int64_t c_ipa = 16;
  std::int64_t c_resnet = 128;
  std::int64_t no_heads_ipa = 12;
  std::int64_t no_qk_points = 4;
  std::int64_t no_v_points = 8;
  double dropout_rate = 0.1;
  std::int64_t no_blocks = 8;
  std::int64_t no_transition_layers = 1;
  std::int64_t no_resnet_blocks = 2;
  std::int64_t no_angles = 7;
  double trans_scale_factor = 10;  // Angstrom per unit of the structure module
  double epsilon = 1e-8;
  double inf = 1e5;
};

struct LddtHeadConfig {
  std::int64_t no_bins = 50;
  std::int64_t c_in = 384;
  std::int64_t c_hidden = 128;
};
struct DistogramHeadConfig {
  std::int64_t c_z = 128;
  std::int64_t no_bins = 64;
};
struct TmHeadConfig {
  std::int64_t c_z = 128;
  std::int64_t no_bins = 64;
  bool enabled = false;
};
struct MaskedMsaHeadConfig {
  std::int64_t c_m = 256;
  std::int64_t c_out = 23;
};
struct ExperimentallyResolvedHeadConfig {
  std::int64_t c_s = 384;
  std::int64_t c_out = 37;
};

struct HeadsConfig {
  LddtHeadConfig lddt;
  DistogramHeadConfig distogram;
  TmHeadConfig tm;
  MaskedMsaHeadConfig masked_msa;
  ExperimentallyResolvedHeadConfig experimentally_resolved;
};

struct ModelConfig {
  InputEmbedderConfig input_embedder;
  PreembeddingEmbedderConfig preembedding_embedder;
  RecyclingEmbedderConfig recycling_embedder;
  TemplateConfig template_;  // OpenFold: "template"
  ExtraMsaConfig extra_msa;
  EvoformerStackConfig evoformer_stack;
  StructureModuleConfig structure_module;
  HeadsConfig heads;
  bool mask_trans = false;           // OpenFold: "_mask_trans"
  bool seqemb_mode_enabled = false;  // a language model's embedding in place of the alignment; OpenFold: in globals
  std::int64_t blocks_per_checkpoint = 1;  // 0: keep all activations; 1: recompute each block in backward
  std::int64_t blocks_kept = 0;  // blocks that keep their activations all the same (trainer/model/kept_blocks.hpp)
  std::int64_t inference_slice_mib = 512;  // MiB of intermediate tensors in evaluation and prediction; 0: no limit
};

// Reads a tree with OpenFold's section and key names; keys that are missing keep their defaults, and keys of OpenFold
// that concern its inference or memory only (chunking, offloading, fuse_projection_weights) are passed over.
// The tree's enabled flags decide which sections the model has.
ModelConfig model_config_from_json(const nlohmann::json& tree);
nlohmann::json to_json(const ModelConfig& config);

}  // namespace foldperf::trainer
