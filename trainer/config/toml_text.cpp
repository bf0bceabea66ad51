#include "trainer/config/toml_text.hpp"

#include <toml++/toml.h>

#include <cmath>
#include <sstream>

#include "core/error.hpp"

namespace foldperf::trainer {

using nlohmann::json;

namespace {

json to_json_value(const toml::node& node, const std::string& where) {
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* array = node.as_array()) {
    json result = json::array();
    for (const toml::node& item : *array) result.push_back(to_json_value(item, where));
    return result;
  }
  throw UsageError(where + ": dates, times and tables within arrays have no place in a configuration");
}

void collect(const toml::table& table, const std::string& prefix, const std::string& origin,
             std::vector<TomlEntry>& entries) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      collect(*inner, path + ".", origin, entries);
      continue;
    }
    const std::string where = origin + ":" + std::to_string(node.source().begin.line);
    entries.push_back({path, to_json_value(node, where), where});
  }
}

std::string format_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return json(value).dump();  // the shortest text that reads back as the same number, with a dot or exponent
}

std::string format_string(const std::string& value) {
  std::ostringstream out;
  out << toml::value<std::string>(value);
  return out.str();
}

std::string format_value(const json& value) {
  if (value.is_number_float()) return format_float(value.get<double>());
  if (value.is_string()) return format_string(value.get<std::string>());
  if (value.is_array()) {
    std::string text = "[";
    for (std::size_t i = 0; i < value.size(); ++i) text += (i ? ", " : "") + format_value(value[i]);
    return text + "]";
  }
  return value.dump();
}

void write_table(const json& table, const std::string& path, std::string& out) {
  bool header_written = path.empty();
  for (const auto& [key, value] : table.items()) {
    if (value.is_object()) continue;
    if (!header_written) {
      out += (out.empty() ? "[" : "\n[") + path + "]\n";
      header_written = true;
    }
    out += key + " = " + format_value(value) + "\n";
  }
  for (const auto& [key, value] : table.items()) {
    if (value.is_object()) write_table(value, path.empty() ? key : path + "." + key, out);
  }
}

}  // namespace

std::vector<TomlEntry> read_toml(std::string_view text, const std::string& origin) {
  try {
    const toml::table table = toml::parse(text, origin);
    std::vector<TomlEntry> entries;
    collect(table, "", origin, entries);
    return entries;
  } catch (const toml::parse_error& error) {
    throw UsageError(origin + ":" + std::to_string(error.source().begin.line) + ": " +
                     std::string(error.description()));
  }
}

json read_toml_value(std::string_view text) {
  try {
    const toml::table table = toml::parse("value = " + std::string(text));
    if (table.size() == 1) {
      if (const toml::node* node = table.get("value"); node && !node->is_table()) {
        return to_json_value(*node, std::string(text));
      }
    }
  } catch (const toml::parse_error&) {
    // Not TOML: a bare word.
  }
  return std::string(text);
}

std::string write_toml(const json& tree) {
  std::string out;
  write_table(tree, "", out);
  return out;
}

}  // namespace foldperf::trainer
