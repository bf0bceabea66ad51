#include "trainer/data/template_transforms.hpp"

#include <torch/torch.h>

#include <string>
#include <vector>

#include "trainer/data/structure_transforms.hpp"
#include "trainer/protein/frames_and_atoms.hpp"
#include "trainer/protein/residue_constants.hpp"

namespace foldperf::trainer {

namespace {

bool is_template_feature(const std::string& name) { return name.rfind("template_", 0) == 0; }

}  // namespace

bool has_templates(const TensorDict& features) {
  return features.contains("template_aatype") && features.at("template_aatype").size(0) > 0;
}

void remove_templates(TensorDict& features) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : features) {
    if (is_template_feature(name)) names.push_back(name);
  }
  for (const std::string& name : names) features.erase(name);
}

void fix_templates_aatype(TensorDict& features) {
  const at::Tensor types = features.at("template_aatype").argmax(-1);
  features["template_aatype"] =
      residue_tables::hhblits_to_residue().index_select(0, types.reshape({-1})).view(types.sizes());
}

void make_template_mask(TensorDict& features) {
  features["template_mask"] = torch::ones({features.at("template_aatype").size(0)}, torch::kFloat32);
}

void make_template_pseudo_beta(TensorDict& features) {
  auto [position, mask] = pseudo_beta(features.at("template_aatype"), features.at("template_all_atom_positions"),
                                      features.at("template_all_atom_mask"));
  features["template_pseudo_beta"] = position;
  features["template_pseudo_beta_mask"] = mask;
}

void make_template_torsion_angles(TensorDict& features) {
  const std::vector<std::string> names = {"torsion_angles_sin_cos", "alt_torsion_angles_sin_cos",
                                          "torsion_angles_mask"};
  std::vector<std::vector<at::Tensor>> made(names.size());
  const std::int64_t count = features.at("template_aatype").size(0);
  // One template after the other: a residue's omega and phi reach back to the residue before it.
  for (std::int64_t t = 0; t < count; ++t) {
    TensorDict chain = {{"aatype", features.at("template_aatype").select(0, t)},
                        {"all_atom_positions", features.at("template_all_atom_positions").select(0, t)},
                        {"all_atom_mask", features.at("template_all_atom_mask").select(0, t)}};
    make_torsion_angles(chain);
    for (std::size_t i = 0; i < names.size(); ++i) made[i].push_back(chain.at(names[i]));
  }
  for (std::size_t i = 0; i < names.size(); ++i) features["template_" + names[i]] = at::stack(made[i]);
}

}  // namespace foldperf::trainer
