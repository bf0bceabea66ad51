#include "trainer/checkpoint/openfold_names.hpp"

#include <array>

namespace foldperf::trainer {

namespace {

struct Renamed {
  std::string_view before;
  std::string_view since;
};
constexpr std::array renamed{
    Renamed{"template_angle_embedder", "template_single_embedder"},
    Renamed{"core.msa_transition", "msa_transition"},
    Renamed{"core.outer_product_mean", "outer_product_mean"},
    Renamed{"core.tri_", "pair_stack.tri_"},
    Renamed{"core.pair_transition", "pair_stack.pair_transition"},
    Renamed{"ipa.linear_q_points", "ipa.linear_q_points.linear"},
    Renamed{"ipa.linear_kv_points", "ipa.linear_kv_points.linear"},
};

}  // namespace

std::string_view without_wrappers(std::string_view name) {
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapper : {"_forward_module.", "module.", "model."}) {
      if (!name.starts_with(wrapper)) continue;
      name.remove_prefix(wrapper.size());
      found = true;
    }
  }
  return name;
}

std::string name_since_v2(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    bool found = false;
    for (const Renamed& part : renamed) {
      if (!name.starts_with(part.before)) continue;
      result += part.since;
      name.remove_prefix(part.before.size());
      found = true;
      break;
    }
    if (found) continue;
    result += name.front();
    name.remove_prefix(1);
  }
  // What embeds templates became a module of its own.
  if (result.starts_with("template") && !result.starts_with("template_embedder")) {
    result.insert(0, "template_embedder.");
  }
  return result;
}

}  // namespace foldperf::trainer
