// Reads and writes a section of the configuration, a struct of values and further sections, by one list of its keys.
//
// A section S has, in its own namespace (argument-dependent look-up finds it there, but not in an anonymous one),
//
//   template <typename Field> void visit(S& section, Field& field);
//
// which calls, for each key,  field("key", section.member)  and, where a value's type does not say enough,
//   field.range("key", section.member, least, most)  after it;
//   field.pass_over({"key", …})  for keys that OpenFold writes and this build has no use for.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace foldperf::trainer {

struct SectionRules {
  bool refuse_unknown = true;  // else keys that no field names are passed over
  bool null_is_zero = false;   // OpenFold's null for a whole number: true "no limit", written 0 here; false "not set"
};

namespace sections {

using Strings = std::vector<std::string>;

template <typename T>
constexpr bool is_leaf = std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, bool> ||
                         std::same_as<T, std::string> || std::same_as<T, Strings>;

template <typename T>
bool has_type(const nlohmann::json& value) {
  if constexpr (std::same_as<T, bool>) return value.is_boolean();
  if constexpr (std::same_as<T, double>) return value.is_number();
  if constexpr (std::same_as<T, std::string>) return value.is_string();
  if constexpr (std::same_as<T, std::int64_t>) {
    // OpenFold's own files have 1e5 and the like for counts.
    return value.is_number_integer() ||
           (value.is_number_float() && value.get<double>() == static_cast<double>(value.get<std::int64_t>()));
  }
  if constexpr (std::same_as<T, Strings>) {
    if (!value.is_array()) return false;
    for (const auto& item : value) {
      if (!item.is_string()) return false;
    }
    return true;
  }
}

template <typename T>
constexpr const char* type_name = std::same_as<T, bool>           ? "true or false"
                                  : std::same_as<T, double>       ? "a number"
                                  : std::same_as<T, std::int64_t> ? "a whole number"
                                  : std::same_as<T, std::string>  ? "a text"
                                                                  : "a list of texts";

}  // namespace sections

// Keys that the tree does not have keep their value. Errors are UsageErrors that name the key by its whole path.
class SectionReader {
 public:
  SectionReader(const nlohmann::json& tree, std::string path, SectionRules rules)
      : tree_(tree), path_(std::move(path)), rules_(rules) {
    if (!tree.is_object()) throw UsageError(path_ + ": expected a section, found " + tree.dump());
  }

  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    const auto found = tree_.find(name);
    if (found == tree_.end()) return;
    const std::string path = path_ + "." + name;
    if (found->is_null()) {
      if constexpr (std::same_as<T, std::int64_t>) {
        if (rules_.null_is_zero) value = 0;
      }
    } else if constexpr (!sections::is_leaf<T>) {
      SectionReader section(*found, path, rules_);
      visit(value, section);
      section.finish();
    } else {
      if (!sections::has_type<T>(*found)) {
        throw UsageError(path + ": expected " + sections::type_name<T> + ", found " + found->dump());
      }
      value = found->template get<T>();
    }
  }

  template <typename T, typename Least, typename Most>
  void range(const std::string& name, T value, Least least, Most most) const {
    if (!(value >= static_cast<T>(least) && value <= static_cast<T>(most))) {
      throw UsageError(path_ + "." + name + ": " + nlohmann::json(value).dump() + " is not between " +
                       nlohmann::json(static_cast<T>(least)).dump() + " and " +
                       nlohmann::json(static_cast<T>(most)).dump());
    }
  }

  void pass_over(std::initializer_list<const char*> names) { known_.insert(names.begin(), names.end()); }

  // After the last field.
  void finish() const {
    if (!rules_.refuse_unknown) return;
    for (const auto& item : tree_.items()) {
      if (!known_.contains(item.key())) throw UsageError(path_ + "." + item.key() + ": no such key");
    }
  }

 private:
  const nlohmann::json& tree_;
  std::string path_;
  SectionRules rules_;
  std::set<std::string, std::less<>> known_;
};

class SectionWriter {
 public:
  template <typename T>
  void operator()(const char* name, T& value) {
    if constexpr (sections::is_leaf<T>) {
      tree[name] = value;
    } else {
      SectionWriter section;
      visit(value, section);
      tree[name] = std::move(section.tree);
    }
  }
  template <typename... Arguments>
  void range(const Arguments&...) const {}
  void pass_over(std::initializer_list<const char*>) const {}

  nlohmann::json tree = nlohmann::json::object();
};

template <typename Section>
Section read_section(const nlohmann::json& tree, const std::string& path, SectionRules rules = {}) {
  Section section;
  SectionReader reader(tree, path, rules);
  visit(section, reader);
  reader.finish();
  return section;
}

template <typename Section>
nlohmann::json write_section(Section section) {
  SectionWriter writer;
  visit(section, writer);
  return std::move(writer.tree);
}

}  // namespace foldperf::trainer
