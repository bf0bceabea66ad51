#include "tests/trainer/loss/loss_cases.hpp"

#include <torch/torch.h>

#include <functional>
#include <map>

#include "core/error.hpp"
#include "trainer/config/loss_config.hpp"
#include "trainer/loss/alphafold_loss.hpp"
#include "trainer/loss/distogram.hpp"
#include "trainer/loss/experimentally_resolved.hpp"
#include "trainer/loss/fape.hpp"
#include "trainer/loss/lddt.hpp"
#include "trainer/loss/masked_msa.hpp"
#include "trainer/loss/plddt.hpp"
#include "trainer/loss/renamed_ground_truth.hpp"
#include "trainer/loss/supervised_chi.hpp"
#include "trainer/loss/tm.hpp"
#include "trainer/loss/violation.hpp"

namespace foldperf::testing {

using namespace trainer;
using nlohmann::json;

namespace {

at::Tensor optional(const TensorDict& inputs, const std::string& name) {
  return inputs.contains(name) ? inputs.at(name) : at::Tensor();
}

// A section of the configuration from the case's constants, which are named as there.
LossConfig section(const std::string& name, const json& constants) {
  return loss_config_from_json(json{{name, constants}});
}

TensorDict distogram(const TensorDict& in, const json& constants) {
  return {{"loss", distogram_loss(in.at("logits"), in.at("pseudo_beta"), in.at("pseudo_beta_mask"),
                                  section("distogram", constants).distogram)}};
}

TensorDict resolved(const TensorDict& in, const json& constants) {
  return {{"loss", experimentally_resolved_loss(
                       in.at("logits"), in.at("atom37_atom_exists"), in.at("all_atom_mask"), in.at("resolution"),
                       section("experimentally_resolved", constants).experimentally_resolved)}};
}

TensorDict masked_msa(const TensorDict& in, const json& constants) {
  return {{"loss", masked_msa_loss(in.at("logits"), in.at("true_msa"), in.at("bert_mask"),
                                   section("masked_msa", constants).masked_msa)}};
}

TensorDict plddt(const TensorDict& in, const json& constants) {
  const PlddtLossConfig config = section("plddt_loss", constants).plddt_loss;
  return {{"loss", plddt_loss(in.at("logits"), in.at("all_atom_pred_pos"), in.at("all_atom_positions"),
                              in.at("all_atom_mask"), in.at("resolution"), config)},
          {"lddt_ca_per_residue", lddt_ca(in.at("all_atom_pred_pos"), in.at("all_atom_positions"),
                                          in.at("all_atom_mask"), config.cutoff, config.eps)}};
}

TensorDict supervised_chi(const TensorDict& in, const json& constants) {
  return {{"loss", supervised_chi_loss(in.at("angles"), in.at("unnormalized_angles"), in.at("aatype"),
                                       in.at("seq_mask"), in.at("chi_mask"), in.at("chi_angles_sin_cos"),
                                       section("supervised_chi", constants).supervised_chi)}};
}

TensorDict tm(const TensorDict& in, const json& constants) {
  return {{"loss", tm_loss(in.at("logits"), in.at("final_affine_tensor"), in.at("backbone_rigid_tensor"),
                           in.at("backbone_rigid_mask"), in.at("resolution"), section("tm", constants).tm)}};
}

TensorDict generic_fape(const TensorDict& in, const json& constants) {
  FapeOptions options{.length_scale = constants.at("length_scale"), .eps = constants.at("eps")};
  if (const auto clamp = constants.find("l1_clamp_distance"); clamp != constants.end() && clamp->is_number()) {
    options.l1_clamp_distance = clamp->get<double>();
  }
  // The case hands OpenFold frames held as quaternions, whose inverse it takes as conj(q) / |q|^2: the same frames, but
  // another gradient along q. (The backbone's FAPE goes through matrices, in OpenFold too.)
  const at::Tensor& frames = in.at("pred_frames_7");
  const Rigid predicted{quat_to_rot(invert_quat(frames.slice(-1, 0, 4))).transpose(-1, -2), frames.slice(-1, 4)};
  return {{"loss", compute_fape(predicted, Rigid::from_tensor_4x4(in.at("target_frames_4x4")), in.at("frames_mask"),
                                in.at("pred_positions"), in.at("target_positions"), in.at("positions_mask"), options,
                                optional(in, "pair_mask"))
                       .mean()}};
}

TensorDict backbone(const TensorDict& in, const json& constants) {
  const BackboneFapeConfig config{.clamp_distance = constants.at("clamp_distance"),
                                  .loss_unit_distance = constants.at("loss_unit_distance")};
  return {{"loss",
           backbone_fape(in.at("traj"), in.at("backbone_rigid_tensor"), in.at("backbone_rigid_mask"),
                         optional(in, "use_clamped_fape"), config, constants.at("eps"), optional(in, "pair_mask"))}};
}

SidechainTruth sidechain_truth(const TensorDict& in) {
  return {.frames = in.at("rigidgroups_gt_frames"),
          .alt_frames = in.at("rigidgroups_alt_gt_frames"),
          .frames_exist = in.at("rigidgroups_gt_exists"),
          .alt_naming_is_better = in.at("alt_naming_is_better"),
          .positions = in.at("renamed_atom14_gt_positions"),
          .positions_exist = in.at("renamed_atom14_gt_exists")};
}

TensorDict sidechain(const TensorDict& in, const json& constants) {
  const SidechainFapeConfig config{.clamp_distance = constants.at("clamp_distance"),
                                   .length_scale = constants.at("length_scale")};
  return {{"loss", sidechain_fape(in.at("sidechain_frames"), in.at("sidechain_atom_pos"), sidechain_truth(in), config,
                                  constants.at("eps"))
                       .mean()}};
}

TensorDict whole_fape(const TensorDict& in, const json& constants) {
  const FapeLossConfig config = section("fape", constants).fape;
  const at::Tensor backbone_term =
      backbone_fape(in.at("frames"), in.at("backbone_rigid_tensor"), in.at("backbone_rigid_mask"),
                    optional(in, "use_clamped_fape"), config.backbone, config.eps);
  const at::Tensor sidechain_term =
      sidechain_fape(in.at("sidechain_frames"), in.at("positions"), sidechain_truth(in), config.sidechain, config.eps);
  return {{"loss", (config.backbone.weight * backbone_term + config.sidechain.weight * sidechain_term).mean()}};
}

TensorDict renaming(const TensorDict& in, const json& constants) {
  const RenamedGroundTruth renamed = renamed_ground_truth(in, in.at("atom14_pred_positions"), constants.at("eps"));
  return {{"alt_naming_is_better", renamed.alt_naming_is_better},
          {"renamed_atom14_gt_positions", renamed.positions},
          {"renamed_atom14_gt_exists", renamed.exists}};
}

TensorDict violation(const TensorDict& in, const json& constants) {
  const ViolationLossConfig config = section("violation", constants).violation;
  const at::Tensor& positions = in.at("positions");
  TensorDict batch = in;
  // The case leaves it out where all residues count.
  if (!batch.contains("seq_mask")) batch["seq_mask"] = torch::ones_like(in.at("atom14_atom_exists").select(-1, 0));
  const StructuralViolations found = find_structural_violations(batch, positions, config);
  TensorDict out = violation_metrics(batch, positions, found);
  const std::string between = "between_residues.";
  const std::string within = "within_residues.";
  out["loss"] = violation_loss(found, in.at("atom14_atom_exists"), config);
  out[between + "bonds_c_n_loss_mean"] = found.bonds.c_n_loss_mean;
  out[between + "angles_ca_c_n_loss_mean"] = found.bonds.ca_c_n_loss_mean;
  out[between + "angles_c_n_ca_loss_mean"] = found.bonds.c_n_ca_loss_mean;
  out[between + "connections_per_residue_loss_sum"] = found.bonds.per_residue_loss_sum;
  out[between + "connections_per_residue_violation_mask"] = found.bonds.per_residue_violation_mask;
  out[between + "clashes_mean_loss"] = found.between_residues.mean_loss;
  out[between + "clashes_per_atom_loss_sum"] = found.between_residues.per_atom_loss_sum;
  out[between + "clashes_per_atom_clash_mask"] = found.between_residues.per_atom_mask;
  out[between + "clashes_per_atom_num_clash"] = found.between_residues.per_atom_num_clash;
  out[within + "per_atom_loss_sum"] = found.within_residues.per_atom_loss_sum;
  out[within + "per_atom_violations"] = found.within_residues.per_atom_mask;
  out[within + "per_atom_num_clash"] = found.within_residues.per_atom_num_clash;
  out["total_per_residue_violations_mask"] = found.total_per_residue_violations_mask;
  return out;
}

}  // namespace

TensorDict run_loss_case(const std::string& name, const TensorDict& inputs, const json& hyper_parameters) {
  using Runner = std::function<TensorDict(const TensorDict&, const json&)>;
  static const std::map<std::string, Runner> runners = {
      {"backbone_fape", backbone},
      {"compute_fape", generic_fape},
      {"distogram", distogram},
      {"experimentally_resolved", resolved},
      {"fape", whole_fape},
      {"lddt_loss", plddt},
      {"masked_msa", masked_msa},
      {"renamed_ground_truth", renaming},
      {"sidechain_fape", sidechain},
      {"supervised_chi", supervised_chi},
      {"tm", tm},
      {"violation", violation},
  };
  for (const auto& [term, runner] : runners) {
    if (name == term || name.rfind(term + "_", 0) == 0) return runner(inputs, hyper_parameters);
  }
  throw Error("no loss term is called like the golden case '" + name + "'");
}

}  // namespace foldperf::testing
