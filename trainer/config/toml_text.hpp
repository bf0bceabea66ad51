// TOML to and from a tree of JSON values, with the place of every key for error messages.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

struct TomlEntry {
  std::string key;  // dotted
  nlohmann::json value;
  std::string where;  // "run.toml:12"
};

// Leaves (values and arrays), sorted by key: "data.train.crop_size". An empty table has no entry.
// `origin` names the text in errors: a file, or "--set x=y". Throws UsageError with origin, line and the parser's
// words.
std::vector<TomlEntry> read_toml(std::string_view text, const std::string& origin);

// One value as TOML writes it; text that is no TOML value is taken as a string, so that --set train.device=cpu works.
nlohmann::json read_toml_value(std::string_view text);

// A tree of tables as TOML: sections in order of their names, floats with a dot or exponent so that they stay floats.
std::string write_toml(const nlohmann::json& tree);

}  // namespace foldperf::trainer
