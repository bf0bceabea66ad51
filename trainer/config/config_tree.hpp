// The whole configuration as one tree of JSON values, whose every key exists in the base tree with a value of the same
// type. Built in layers: base, preset (on the presets it is based on), files, --set; later layers win.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainer/config/toml_text.hpp"

namespace foldperf::trainer {

struct ConfigSources {
  std::string preset;              // empty: the key `preset` of the first file that has one, else initial_training
  std::vector<std::string> files;  // TOML files, later ones win
  std::vector<std::string> assignments;  // "key.path=value", as given to --set
  std::string text = {};                 // TOML below the files, as that of a checkpoint; empty: none
  std::string text_origin = {};          // what messages call it
};

// Throws UsageError naming the place (file:line or --set ...), the key, and the nearest key or the values allowed.
nlohmann::json resolve_config(const ConfigSources& sources);

// The tree as a TOML file that resolve_config reads back identically.
std::string print_config(const nlohmann::json& tree);

// Every dotted key of the base tree, sorted.
const std::vector<std::string>& config_keys();

// Applies one layer to `tree`: shared widths and seeds ("globals.c_m") first, then the keys themselves.
// "preset" and "base" are passed over. Used by resolve_config; public for tests.
void apply_layer(nlohmann::json& tree, const std::vector<TomlEntry>& layer);

}  // namespace foldperf::trainer
