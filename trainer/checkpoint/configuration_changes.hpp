// What a person changed between two parts of a run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace foldperf::trainer {

// "schedule.max_lr: 0.001, now 0.003", by key, of all that differs. `before`: a configuration as TOML; `now`: the whole
// tree. Keys that one of them does not have count too. Throws UsageError where `before` is no TOML.
std::vector<std::string> configuration_changes(const std::string& before, const nlohmann::json& now);

}  // namespace foldperf::trainer
