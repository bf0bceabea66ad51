#include "trainer/checkpoint/configuration_changes.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "trainer/config/toml_text.hpp"

namespace foldperf::trainer {

namespace {

using nlohmann::json;

void add_leaves(const json& tree, const std::string& prefix, std::map<std::string, json>& leaves) {
  for (const auto& [key, value] : tree.items()) {
    if (value.is_object()) {
      add_leaves(value, prefix + key + ".", leaves);
    } else {
      leaves[prefix + key] = value;
    }
  }
}

}  // namespace

std::vector<std::string> configuration_changes(const std::string& before, const json& now) {
  std::map<std::string, json> old, present;
  for (const TomlEntry& entry : read_toml(before, "the checkpoint's configuration")) old[entry.key] = entry.value;
  add_leaves(now, "", present);
  std::map<std::string, std::string> changes;
  for (const auto& [key, value] : present) {
    const auto found = old.find(key);
    if (found == old.end()) {
      changes[key] = "not set, now " + value.dump();
    } else if (found->second != value) {
      changes[key] = found->second.dump() + ", now " + value.dump();
    }
  }
  for (const auto& [key, value] : old) {
    if (!present.contains(key)) changes[key] = value.dump() + ", now unknown";
  }
  std::vector<std::string> lines;
  for (const auto& [key, change] : changes) lines.push_back(key + ": " + change);
  return lines;
}

}  // namespace foldperf::trainer
