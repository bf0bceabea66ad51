#include "trainer/config/data_config.hpp"

#include "trainer/config/section_visitor.hpp"

namespace foldperf::trainer {

template <typename Visitor>
static void visit(BlockDeleteMsaConfig& c, Visitor& field) {
  field("msa_fraction_per_block", c.msa_fraction_per_block);
  field.range("msa_fraction_per_block", c.msa_fraction_per_block, 0, 1);
  field("randomize_num_blocks", c.randomize_num_blocks);
  field("num_blocks", c.num_blocks);
  field.range("num_blocks", c.num_blocks, 0, 1'000'000);
}
template <typename Visitor>
static void visit(MaskedMsaConfig& c, Visitor& field) {
  field("profile_prob", c.profile_prob);
  field("same_prob", c.same_prob);
  field("uniform_prob", c.uniform_prob);
  field.range("profile_prob", c.profile_prob, 0, 1);
  field.range("same_prob", c.same_prob, 0, 1);
  field.range("uniform_prob", c.uniform_prob, 0, 1);
  field.range("profile_prob + same_prob + uniform_prob", c.profile_prob + c.same_prob + c.uniform_prob, 0, 1 + 1e-9);
}
template <typename Visitor>
static void visit(DataCommonConfig& c, Visitor& field) {
  field("block_delete_msa", c.block_delete_msa);
  field("masked_msa", c.masked_msa);
  field("max_recycling_iters", c.max_recycling_iters);
  field.range("max_recycling_iters", c.max_recycling_iters, 0, 1000);
  field("msa_cluster_features", c.msa_cluster_features);
  field("reduce_msa_clusters_by_max_templates", c.reduce_msa_clusters_by_max_templates);
  field("resample_msa_in_recycling", c.resample_msa_in_recycling);
  field("use_templates", c.use_templates);
  field("use_template_torsion_angles", c.use_template_torsion_angles);
  // Feature lists, which the code holds, and a name that OpenFold's presets write but its code does not read.
  field.pass_over({"feat", "template_features", "unsupervised_features", "seqemb_features",
                   "reduce_max_clusters_by_max_templates"});
}
template <typename Visitor>
static void visit(DataSupervisedConfig& c, Visitor& field) {
  field("clamp_prob", c.clamp_prob);
  field.range("clamp_prob", c.clamp_prob, 0, 1);
  field.pass_over({"supervised_features"});
}
template <typename Visitor>
static void visit(SeqembModeConfig& c, Visitor& field) {
  field("enabled", c.enabled);
}
template <typename Visitor>
static void visit(DataModeConfig& c, Visitor& field) {
  field("fixed_size", c.fixed_size);
  field("subsample_templates", c.subsample_templates);
  field("block_delete_msa", c.block_delete_msa);
  field("masked_msa_replace_fraction", c.masked_msa_replace_fraction);
  field.range("masked_msa_replace_fraction", c.masked_msa_replace_fraction, 0, 1);
  field("max_msa_clusters", c.max_msa_clusters);
  field.range("max_msa_clusters", c.max_msa_clusters, 1, 1'000'000);
  field("max_extra_msa", c.max_extra_msa);
  field.range("max_extra_msa", c.max_extra_msa, 0, 1'000'000);
  field("max_template_hits", c.max_template_hits);
  field.range("max_template_hits", c.max_template_hits, 0, 1000);
  field("shuffle_top_k_prefiltered", c.shuffle_top_k_prefiltered);
  field.range("shuffle_top_k_prefiltered", c.shuffle_top_k_prefiltered, 0, 1'000'000);
  field("max_templates", c.max_templates);
  field.range("max_templates", c.max_templates, 0, 1000);
  field("crop", c.crop);
  field("crop_size", c.crop_size);
  field.range("crop_size", c.crop_size, 0, 1'000'000);
  field("supervised", c.supervised);
  field("max_distillation_msa_clusters", c.max_distillation_msa_clusters);
  field.range("max_distillation_msa_clusters", c.max_distillation_msa_clusters, 0, 1'000'000);
  field("uniform_recycling", c.uniform_recycling);
  field("distillation_prob", c.distillation_prob);
  field.range("distillation_prob", c.distillation_prob, 0, 1);
  field.pass_over({"spatial_crop_prob", "interface_threshold", "clamp_prob"});
}
template <typename Visitor>
static void visit(DataSourceConfig& c, Visitor& field) {
  field("train_data_dir", c.train_data_dir);
  field("train_alignment_dir", c.train_alignment_dir);
  field("alignment_index_path", c.alignment_index_path);
  field("train_duplicate_chains_path", c.train_duplicate_chains_path);
  field("train_chain_data_cache_path", c.train_chain_data_cache_path);
  field("train_filter_path", c.train_filter_path);
  field("train_chains", c.train_chains);
  field("train_epoch_len", c.train_epoch_len);
  field.range("train_epoch_len", c.train_epoch_len, 0, 4'000'000'000);
  field("treat_pdb_as_distillation", c.treat_pdb_as_distillation);
  field("distillation_data_dir", c.distillation_data_dir);
  field("distillation_alignment_dir", c.distillation_alignment_dir);
  field("distillation_alignment_index_path", c.distillation_alignment_index_path);
  field("distillation_chain_data_cache_path", c.distillation_chain_data_cache_path);
  field("distillation_filter_path", c.distillation_filter_path);
  field("val_data_dir", c.val_data_dir);
  field("val_alignment_dir", c.val_alignment_dir);
  field("val_chains", c.val_chains);
  field("template_mmcif_dir", c.template_mmcif_dir);
  field("max_template_date", c.max_template_date);
  field("template_release_dates_cache_path", c.template_release_dates_cache_path);
  field("obsolete_pdbs_file_path", c.obsolete_pdbs_file_path);
  field("max_resolution", c.max_resolution);
  field.range("max_resolution", c.max_resolution, 0.01, 1000);
  field("max_single_residue_fraction", c.max_single_residue_fraction);
  field.range("max_single_residue_fraction", c.max_single_residue_fraction, 0.05, 1);
  field("max_release_date", c.max_release_date);
}
template <typename Visitor>
static void visit(DataLoaderConfig& c, Visitor& field) {
  field("num_workers", c.num_workers);
  field.range("num_workers", c.num_workers, 0, 1024);
  field("depth", c.depth);
  field.range("depth", c.depth, 1, 100'000);
  field("order", c.order);
  field("max_drift", c.max_drift);
  field.range("max_drift", c.max_drift, 0, 1'000'000);
  field("nice", c.nice);
  field.range("nice", c.nice, -20, 19);
  field("cpus", c.cpus);
  field("cache_mib", c.cache_mib);
  field.range("cache_mib", c.cache_mib, 0, 100'000'000);
}
template <typename Visitor>
static void visit(DataConfig& c, Visitor& field) {
  field("common", c.common);
  field("supervised", c.supervised);
  field("seqemb_mode", c.seqemb_mode);
  field("train", c.train);
  field("eval", c.eval);
  field("predict", c.predict);
  field("source", c.source);
  field("loader", c.loader);
  field("seed", c.seed);
  field.pass_over({"data_module"});
}

DataModeConfig train_mode_defaults() {
  DataModeConfig mode;
  mode.max_distillation_msa_clusters = 1000;
  mode.uniform_recycling = true;
  mode.distillation_prob = 0.75;
  mode.shuffle_top_k_prefiltered = 20;
  return mode;
}

DataModeConfig eval_mode_defaults() {
  DataModeConfig mode;
  mode.subsample_templates = false;
  mode.block_delete_msa = false;
  mode.crop = false;
  mode.crop_size = 0;
  return mode;
}

DataModeConfig predict_mode_defaults() {
  DataModeConfig mode = eval_mode_defaults();
  mode.supervised = false;
  mode.max_msa_clusters = 512;
  return mode;
}

DataConfig data_config_from_json(const nlohmann::json& tree) {
  return read_section<DataConfig>(tree, "data", {.refuse_unknown = true, .null_is_zero = true});
}

nlohmann::json to_json(const DataConfig& config) { return write_section(config); }

}  // namespace foldperf::trainer
