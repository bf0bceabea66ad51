#include "trainer/config/presets.hpp"

#include "core/error.hpp"
#include "trainer/config/embedded_presets.hpp"
#include "trainer/config/nearest_name.hpp"

namespace foldperf::trainer {

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : embedded_presets()) {
    if (name != "base") names.push_back(name);
  }
  return names;
}

std::string_view preset_text(const std::string& name) {
  const auto found = embedded_presets().find(name);
  if (found == embedded_presets().end() || name == "base") {
    throw UsageError("unknown preset '" + name + "'; did you mean '" + nearest_name(name, preset_names()) + "'?");
  }
  return found->second;
}

std::string_view base_text() { return embedded_presets().at("base"); }

}  // namespace foldperf::trainer
