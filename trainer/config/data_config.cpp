#include "trainer/config/data_config.hpp"

#include <concepts>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// One list of names per section serves reading and writing. `range` checks a value where its type does not.
template <typename Visitor>
void visit(BlockDeleteMsaConfig& c, Visitor& field) {
  field("msa_fraction_per_block", c.msa_fraction_per_block);
  field.range("msa_fraction_per_block", c.msa_fraction_per_block, 0, 1);
  field("randomize_num_blocks", c.randomize_num_blocks);
  field("num_blocks", c.num_blocks);
  field.range("num_blocks", c.num_blocks, 0, 1'000'000);
}
template <typename Visitor>
void visit(MaskedMsaConfig& c, Visitor& field) {
  field("profile_prob", c.profile_prob);
  field("same_prob", c.same_prob);
  field("uniform_prob", c.uniform_prob);
  field.range("profile_prob", c.profile_prob, 0, 1);
  field.range("same_prob", c.same_prob, 0, 1);
  field.range("uniform_prob", c.uniform_prob, 0, 1);
  field.range("profile_prob + same_prob + uniform_prob", c.profile_prob + c.same_prob + c.uniform_prob, 0, 1 + 1e-9);
}
template <typename Visitor>
void visit(DataCommonConfig& c, Visitor& field) {
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
void visit(DataSupervisedConfig& c, Visitor& field) {
  field("clamp_prob", c.clamp_prob);
  field.range("clamp_prob", c.clamp_prob, 0, 1);
  field.pass_over({"supervised_features"});
}
template <typename Visitor>
void visit(DataModeConfig& c, Visitor& field) {
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
  field.pass_over({"spatial_crop_prob", "interface_threshold", "shuffle_top_k_prefiltered", "clamp_prob"});
}
template <typename Visitor>
void visit(DataSourceConfig& c, Visitor& field) {
  field("train_data_dir", c.train_data_dir);
  field("train_alignment_dir", c.train_alignment_dir);
  field("val_data_dir", c.val_data_dir);
  field("val_alignment_dir", c.val_alignment_dir);
  field("train_chains", c.train_chains);
  field("val_chains", c.val_chains);
  field("treat_pdb_as_distillation", c.treat_pdb_as_distillation);
}
template <typename Visitor>
void visit(DataLoaderConfig& c, Visitor& field) {
  field("num_workers", c.num_workers);
  field.range("num_workers", c.num_workers, 0, 1024);
  field("prefetch_factor", c.prefetch_factor);
  field.range("prefetch_factor", c.prefetch_factor, 1, 1024);
}
template <typename Visitor>
void visit(DataConfig& c, Visitor& field) {
  field("common", c.common);
  field("supervised", c.supervised);
  field("train", c.train);
  field("eval", c.eval);
  field("predict", c.predict);
  field("source", c.source);
  field("loader", c.loader);
  field("seed", c.seed);
  field.pass_over({"seqemb_mode", "data_module"});
}

using Strings = std::vector<std::string>;
template <typename T>
constexpr bool is_leaf = std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, bool> ||
                         std::same_as<T, std::string> || std::same_as<T, Strings>;

template <typename T>
bool has_type(const nlohmann::json& value) {
  if constexpr (std::same_as<T, bool>) return value.is_boolean();
  if constexpr (std::same_as<T, std::int64_t>) return value.is_number_integer();
  if constexpr (std::same_as<T, double>) return value.is_number();
  if constexpr (std::same_as<T, std::string>) return value.is_string();
  if constexpr (std::same_as<T, Strings>) {
    if (!value.is_array()) return false;
    for (const auto& item : value) {
      if (!item.is_string()) return false;
    }
    return true;
  }
}

class Reader {
 public:
  Reader(const nlohmann::json& tree, std::string path) : tree_(tree), path_(std::move(path)) {
    if (!tree.is_object()) throw UsageError(path_ + ": expected a section");
  }

  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    const auto found = tree_.find(name);
    if (found == tree_.end()) return;
    const std::string path = path_ + "." + name;
    if constexpr (!is_leaf<T>) {
      Reader section(*found, path);
      visit(value, section);
      section.refuse_unknown();
    } else if (found->is_null() && std::same_as<T, std::int64_t>) {
      value = T{};  // OpenFold writes null for "no limit"
    } else if (!has_type<T>(*found)) {
      throw UsageError(path + ": the value " + found->dump() + " has the wrong type");
    } else {
      value = found->template get<T>();
    }
  }

  template <typename T>
  void range(const std::string& name, T value, T least, T most) const {
    if (!(value >= least && value <= most)) {
      throw UsageError(path_ + "." + name + ": " + nlohmann::json(value).dump() + " is not between " +
                       nlohmann::json(least).dump() + " and " + nlohmann::json(most).dump());
    }
  }
  template <typename T, typename Least, typename Most>
  void range(const std::string& name, T value, Least least, Most most) const {
    range<T>(name, value, static_cast<T>(least), static_cast<T>(most));
  }

  void pass_over(std::initializer_list<const char*> names) { known_.insert(names.begin(), names.end()); }
  void refuse_unknown() const {
    for (const auto& item : tree_.items()) {
      if (!known_.contains(item.key()))
        throw UsageError(path_ + "." + item.key() + ": no such key in the data's configuration");
    }
  }

 private:
  const nlohmann::json& tree_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, T& value) {
    if constexpr (is_leaf<T>) {
      tree[name] = value;
    } else {
      Writer section;
      visit(value, section);
      tree[name] = std::move(section.tree);
    }
  }
  template <typename... Arguments>
  void range(const Arguments&...) const {}
  void pass_over(std::initializer_list<const char*>) const {}
  nlohmann::json tree = nlohmann::json::object();
};

}  // namespace

DataModeConfig train_mode_defaults() {
  DataModeConfig mode;
  mode.max_distillation_msa_clusters = 1000;
  mode.uniform_recycling = true;
  mode.distillation_prob = 0.75;
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
  DataConfig config;
  Reader reader(tree, "data");
  visit(config, reader);
  reader.refuse_unknown();
  return config;
}

nlohmann::json to_json(const DataConfig& config) {
  DataConfig copy = config;
  Writer writer;
  visit(copy, writer);
  return writer.tree;
}

}  // namespace foldperf::trainer
