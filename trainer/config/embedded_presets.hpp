// Texts of trainer/config/presets/*.toml by name, "base" included.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace foldperf::trainer {

const std::map<std::string, std::string_view>& embedded_presets();

}  // namespace foldperf::trainer
