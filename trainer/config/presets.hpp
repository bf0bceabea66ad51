// The configurations that travel with the program, as TOML text (trainer/config/presets, embedded at build time).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// Names a person may give to --preset, sorted; "base" is not among them.
std::vector<std::string> preset_names();

// Throws UsageError naming the nearest preset.
std::string_view preset_text(const std::string& name);

// The text of the sections that are not OpenFold's: every key with its default.
std::string_view base_text();

}  // namespace foldperf::trainer
