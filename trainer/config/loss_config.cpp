#include "trainer/config/loss_config.hpp"

#include "core/error.hpp"
#include "trainer/config/section_visitor.hpp"

namespace foldperf::trainer {

template <typename Visitor>
static void visit(DistogramLossConfig& c, Visitor& field) {
  field("min_bin", c.min_bin);
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(ExperimentallyResolvedLossConfig& c, Visitor& field) {
  field("eps", c.eps);
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(BackboneFapeConfig& c, Visitor& field) {
  field("clamp_distance", c.clamp_distance);
  field("loss_unit_distance", c.loss_unit_distance);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(SidechainFapeConfig& c, Visitor& field) {
  field("clamp_distance", c.clamp_distance);
  field("length_scale", c.length_scale);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(FapeLossConfig& c, Visitor& field) {
  field("backbone", c.backbone);
  field("sidechain", c.sidechain);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(PlddtLossConfig& c, Visitor& field) {
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("cutoff", c.cutoff);
  field("no_bins", c.no_bins);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(MaskedMsaLossConfig& c, Visitor& field) {
  field("num_classes", c.num_classes);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(SupervisedChiLossConfig& c, Visitor& field) {
  field("chi_weight", c.chi_weight);
  field("angle_norm_weight", c.angle_norm_weight);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(ViolationLossConfig& c, Visitor& field) {
  field("violation_tolerance_factor", c.violation_tolerance_factor);
  field("clash_overlap_tolerance", c.clash_overlap_tolerance);
  field("average_clashes", c.average_clashes);
  field("eps", c.eps);
  field("weight", c.weight);
}
template <typename Visitor>
static void visit(TmLossConfig& c, Visitor& field) {
  field("max_bin", c.max_bin);
  field("no_bins", c.no_bins);
  field("min_resolution", c.min_resolution);
  field("max_resolution", c.max_resolution);
  field("eps", c.eps);
  field("weight", c.weight);
  field("enabled", c.enabled);
}
template <typename Visitor>
static void visit(LossConfig& c, Visitor& field) {
  field("distogram", c.distogram);
  field("experimentally_resolved", c.experimentally_resolved);
  field("fape", c.fape);
  field("plddt_loss", c.plddt_loss);
  field("masked_msa", c.masked_msa);
  field("supervised_chi", c.supervised_chi);
  field("violation", c.violation);
  field("tm", c.tm);
  // OpenFold's default for the eps of the sections, which have their own; a term of multimers.
  field.pass_over({"eps", "chain_center_of_mass"});
}

void set_fine_tuning_weights(LossConfig& config) {
  config.violation.weight = 1.0;
  config.experimentally_resolved.weight = 0.01;
}

void enable_tm_loss(LossConfig& config) {
  config.tm.enabled = true;
  config.tm.weight = 0.1;
}

LossConfig loss_config_from_json(const nlohmann::json& tree) {
  const auto config = read_section<LossConfig>(tree, "loss");
  if (const auto multimer = tree.find("chain_center_of_mass");
      multimer != tree.end() && multimer->is_object() && multimer->value("enabled", false)) {
    throw UsageError("loss.chain_center_of_mass.enabled: only multimers have this term, and they are not supported");
  }
  return config;
}

nlohmann::json to_json(const LossConfig& config) { return write_section(config); }

}  // namespace foldperf::trainer
