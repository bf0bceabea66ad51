// Which values a configuration key may have, beyond what the sections' own readers check.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace foldperf::trainer {

// GiB of a device's memory: no device is larger.
inline constexpr double most_memory_gib = 1 << 20;

// Throws UsageError, beginning with `where` and naming `key`, unless `value` has the type of `reference` and lies in
// the key's range. A whole number may stand where a float is expected; the result is then the float.
nlohmann::json check_value(const std::string& key, const nlohmann::json& value, const nlohmann::json& reference,
                           const std::string& where);

// Rules between keys of a whole tree (a head that the loss needs, widths that must agree).
void check_tree(const nlohmann::json& tree);

}  // namespace foldperf::trainer
