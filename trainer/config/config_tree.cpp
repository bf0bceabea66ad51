#include "trainer/config/config_tree.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "core/error.hpp"
#include "trainer/config/data_config.hpp"
#include "trainer/config/loss_config.hpp"
#include "trainer/config/model_config.hpp"
#include "trainer/config/nearest_name.hpp"
#include "trainer/config/presets.hpp"
#include "trainer/config/value_rules.hpp"

namespace foldperf::trainer {

using nlohmann::json;

namespace {

json::json_pointer pointer(const std::string& key) {
  std::string path = "/";
  for (const char c : key) {
    switch (c) {
      case '.':
        path += '/';
        break;
      case '/':
        path += "~1";
        break;  // escapes of RFC 6901
      case '~':
        path += "~0";
        break;
      default:
        path += c;
    }
  }
  return json::json_pointer(path);
}

const json& base_tree() {
  static const json tree = [] {
    json built;
    built["preset"] = "initial_training";
    built["model"] = to_json(ModelConfig{});
    built["loss"] = to_json(LossConfig{});
    built["data"] = to_json(DataConfig{});
    for (const TomlEntry& entry : read_toml(base_text(), "base.toml")) built[pointer(entry.key)] = entry.value;
    return built;
  }();
  return tree;
}

void collect_keys(const json& tree, const std::string& prefix, std::vector<std::string>& keys) {
  for (const auto& [name, value] : tree.items()) {
    if (value.is_object()) {
      collect_keys(value, prefix + name + ".", keys);
    } else {
      keys.push_back(prefix + name);
    }
  }
}

// OpenFold shares these by references between the sections of its configuration.
const std::map<std::string, std::vector<std::string>>& shared_keys() {
  static const std::map<std::string, std::vector<std::string>> shared{
      {"globals.c_m",
       {"model.input_embedder.c_m", "model.preembedding_embedder.c_m", "model.recycling_embedder.c_m",
        "model.template.template_single_embedder.c_out", "model.evoformer_stack.c_m", "model.heads.masked_msa.c_m"}},
      {"globals.c_z",
       {"model.input_embedder.c_z", "model.preembedding_embedder.c_z", "model.recycling_embedder.c_z",
        "model.template.template_pointwise_attention.c_z", "model.extra_msa.extra_msa_stack.c_z",
        "model.evoformer_stack.c_z", "model.structure_module.c_z", "model.heads.distogram.c_z", "model.heads.tm.c_z"}},
      {"globals.c_s",
       {"model.evoformer_stack.c_s", "model.structure_module.c_s", "model.heads.lddt.c_in",
        "model.heads.experimentally_resolved.c_s"}},
      {"globals.c_t",
       {"model.template.template_pair_embedder.c_out", "model.template.template_pair_stack.c_t",
        "model.template.template_pointwise_attention.c_t"}},
      {"globals.c_e", {"model.extra_msa.extra_msa_embedder.c_out", "model.extra_msa.extra_msa_stack.c_m"}},
      {"globals.seed", {"train.seed", "data.seed"}},
      {"globals.seqemb_mode_enabled", {"model.seqemb_mode_enabled", "data.seqemb_mode.enabled"}},
  };
  return shared;
}

// Throws unless `entry` names a key of the base tree and its value may stand there; returns the value as stored.
json checked_value(const TomlEntry& entry) {
  const json::json_pointer path = pointer(entry.key);
  if (!base_tree().contains(path)) {
    throw UsageError(entry.where + ": unknown key '" + entry.key + "'; did you mean '" +
                     nearest_name(entry.key, config_keys()) + "'?");
  }
  const json& reference = base_tree()[path];
  if (reference.is_object()) {
    throw UsageError(entry.where + ": '" + entry.key + "' is a section, not a value");
  }
  return check_value(entry.key, entry.value, reference, entry.where);
}

std::string read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw UsageError(path + ": is a folder; name a configuration file, as a run's " +
                     (std::filesystem::path(path) / "config.toml").string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(path + ": the configuration file cannot be opened");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) throw SystemError(path + ": the configuration file cannot be read");
  return text;
}

std::string preset_named_in(const std::vector<TomlEntry>& layer) {
  for (const TomlEntry& entry : layer) {
    if (entry.key != "preset") continue;
    if (!entry.value.is_string()) throw UsageError(entry.where + ": 'preset' is the name of a preset, in quotes");
    return entry.value.get<std::string>();
  }
  return {};
}

void apply_preset(json& tree, const std::string& name) {
  const std::vector<TomlEntry> layer = read_toml(preset_text(name), "preset " + name);
  std::vector<TomlEntry> own;
  for (const TomlEntry& entry : layer) {
    if (entry.key == "base") {
      apply_preset(tree, entry.value.get<std::string>());
    } else {
      own.push_back(entry);
    }
  }
  apply_layer(tree, own);
}

// The widths that modules hand to each other.
void check_widths(const json& tree) {
  for (const auto& [name, keys] : shared_keys()) {
    if (name.rfind("globals.c_", 0) != 0) continue;
    for (const std::string& key : keys) {
      if (tree.at(pointer(key)) == tree.at(pointer(keys.front()))) continue;
      throw UsageError("'" + keys.front() + "' and '" + key + "' differ; set '" + name + "' to change all of them");
    }
  }
}

TomlEntry read_assignment(const std::string& assignment) {
  const std::string where = "--set " + assignment;
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(where + ": give it as key.path=value, for example --set train.steps=100");
  }
  const std::string key = assignment.substr(0, equals);
  if (key == "preset") throw UsageError(where + ": choose the preset with --preset");
  if (key.front() == '.' || key.back() == '.') throw UsageError(where + ": '" + key + "' is no key");
  return {key, read_toml_value(assignment.substr(equals + 1)), where};
}

}  // namespace

const std::vector<std::string>& config_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> found;
    collect_keys(base_tree(), "", found);
    return found;
  }();
  return keys;
}

void apply_layer(json& tree, const std::vector<TomlEntry>& layer) {
  for (const TomlEntry& entry : layer) {
    const auto shared = shared_keys().find(entry.key);
    if (shared == shared_keys().end()) continue;
    const json value = checked_value(entry);
    for (const std::string& key : shared->second) tree.at(pointer(key)) = value;
  }
  for (const TomlEntry& entry : layer) {
    if (entry.key == "preset") continue;
    if (entry.key == "base") {
      throw UsageError(entry.where + ": 'base' is for foldperf's own presets; name the preset by 'preset'");
    }
    tree[pointer(entry.key)] = checked_value(entry);
  }
}

json resolve_config(const ConfigSources& sources) {
  std::vector<std::vector<TomlEntry>> layers;
  std::string preset = sources.preset;
  if (!sources.text.empty()) {
    layers.push_back(read_toml(sources.text, sources.text_origin));
    if (preset.empty()) preset = preset_named_in(layers.back());
  }
  for (const std::string& path : sources.files) {
    layers.push_back(read_toml(read_file(path), path));
    if (preset.empty()) preset = preset_named_in(layers.back());
  }
  if (preset.empty()) preset = "initial_training";

  json tree = base_tree();
  apply_preset(tree, preset);
  tree["preset"] = preset;
  for (const auto& layer : layers) apply_layer(tree, layer);
  for (const std::string& assignment : sources.assignments) apply_layer(tree, {read_assignment(assignment)});
  check_tree(tree);
  check_widths(tree);
  return tree;
}

std::string print_config(const json& tree) { return write_toml(tree); }

}  // namespace foldperf::trainer
