#include "trainer/loss/alphafold_loss.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>

#include "trainer/loss/distogram.hpp"
#include "trainer/loss/experimentally_resolved.hpp"
#include "trainer/loss/fape.hpp"
#include "trainer/loss/gradient_gate.hpp"
#include "trainer/loss/masked_msa.hpp"
#include "trainer/loss/plddt.hpp"
#include "trainer/loss/renamed_ground_truth.hpp"
#include "trainer/loss/supervised_chi.hpp"
#include "trainer/loss/tm.hpp"
#include "trainer/loss/violation.hpp"

namespace foldperf::trainer {

namespace {

// One compute(): adds the terms up in OpenFold's order.
class TermSum {
 public:
  explicit TermSum(const TensorDict& outputs) : outputs_(outputs) {}

  // `term` gets a function that yields an output by its name, behind the term's gate.
  template <typename Term>
  void add(const char* name, double weight, Term&& term) {
    GradientGate gate;
    const auto output = [&](const char* output_name) {
      const at::Tensor& tensor = outputs_.at(output_name);
      const bool half = tensor.is_floating_point() && tensor.element_size() < 4;
      return gate.admit(half ? tensor.to(at::kFloat) : tensor);
    };
    const at::Tensor value = gate.close(term(output));
    const at::Tensor weighted = weight * value;
    sum_ = sum_.defined() ? sum_ + weighted : weighted;
    names_.emplace_back(name);
    values_.push_back(value.detach());
    finite_.push_back(gate.finite());
  }

  // Takes everything out.
  LossResult finish(const at::Tensor& scale) {
    return {.total = sum_ * scale,
            .unscaled = sum_.detach(),
            .names = std::move(names_),
            .values = at::stack(values_),
            .finite = at::stack(finite_)};
  }

 private:
  const TensorDict& outputs_;
  at::Tensor sum_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> values_;
  std::vector<at::Tensor> finite_;
};

at::Tensor optional(const TensorDict& batch, const char* name) {
  return batch.contains(name) ? batch.at(name) : at::Tensor();
}

template <typename Output>
at::Tensor fape(const Output& output, const TensorDict& batch, const RenamedGroundTruth& renamed,
                const FapeLossConfig& config) {
  const at::Tensor backbone =
      backbone_fape(output("sm.frames"), batch.at("backbone_rigid_tensor"), batch.at("backbone_rigid_mask"),
                    optional(batch, "use_clamped_fape"), config.backbone, config.eps);
  const SidechainTruth truth{.frames = batch.at("rigidgroups_gt_frames"),
                             .alt_frames = batch.at("rigidgroups_alt_gt_frames"),
                             .frames_exist = batch.at("rigidgroups_gt_exists"),
                             .alt_naming_is_better = renamed.alt_naming_is_better,
                             .positions = renamed.positions,
                             .positions_exist = renamed.exists};
  const at::Tensor sidechain =
      sidechain_fape(output("sm.sidechain_frames"), output("sm.positions"), truth, config.sidechain, config.eps);
  return (config.backbone.weight * backbone + config.sidechain.weight * sidechain).mean();
}

// sqrt(min(mean length, crop)) in float32, whatever the type of the terms, as OpenFold.
at::Tensor length_scale(const TensorDict& batch) {
  const auto crop = static_cast<double>(batch.at("aatype").size(-1));
  return batch.at("seq_length").to(at::kFloat).mean().clamp_max(crop).sqrt();
}

}  // namespace

at::Tensor LossResult::value(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error("the loss has no term named '" + name + "'");
  return values.select(0, found - names.begin());
}

std::vector<std::string> non_finite_terms(const LossResult& result) {
  std::vector<std::string> bad;
  const at::Tensor finite = result.finite.cpu();
  for (std::size_t i = 0; i < result.names.size(); ++i) {
    if (!finite.data_ptr<bool>()[i]) bad.push_back(result.names[i]);
  }
  return bad;
}

LossResult AlphaFoldLoss::compute(const TensorDict& outputs, const TensorDict& batch) const {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::Tensor predicted_atom14 = outputs.at("sm.positions").select(0, -1).detach();
  const RenamedGroundTruth renamed = renamed_ground_truth(batch, predicted_atom14);

  TermSum terms(outputs);
  terms.add("distogram", config_.distogram.weight, [&](const auto& output) {
    return distogram_loss(output("distogram_logits"), batch.at("pseudo_beta"), batch.at("pseudo_beta_mask"),
                          config_.distogram);
  });
  terms.add("experimentally_resolved", config_.experimentally_resolved.weight, [&](const auto& output) {
    return experimentally_resolved_loss(output("experimentally_resolved_logits"), batch.at("atom37_atom_exists"),
                                        batch.at("all_atom_mask"), batch.at("resolution"),
                                        config_.experimentally_resolved);
  });
  terms.add("fape", config_.fape.weight,
            [&](const auto& output) { return fape(output, batch, renamed, config_.fape); });
  terms.add("plddt_loss", config_.plddt_loss.weight, [&](const auto& output) {
    return plddt_loss(output("lddt_logits"), outputs.at("final_atom_positions"), batch.at("all_atom_positions"),
                      batch.at("all_atom_mask"), batch.at("resolution"), config_.plddt_loss);
  });
  terms.add("masked_msa", config_.masked_msa.weight, [&](const auto& output) {
    return masked_msa_loss(output("masked_msa_logits"), batch.at("true_msa"), batch.at("bert_mask"),
                           config_.masked_msa);
  });
  terms.add("supervised_chi", config_.supervised_chi.weight, [&](const auto& output) {
    return supervised_chi_loss(output("sm.angles"), output("sm.unnormalized_angles"), batch.at("aatype"),
                               batch.at("seq_mask"), batch.at("chi_mask"), batch.at("chi_angles_sin_cos"),
                               config_.supervised_chi);
  });
  terms.add("violation", config_.violation.weight, [&](const auto& output) {
    // The dearest term by far, and the initial training has no use for its gradient.
    const at::AutoGradMode gradient(at::GradMode::is_enabled() && config_.violation.weight != 0);
    const at::Tensor positions = output("sm.positions").select(0, -1);
    return violation_loss(find_structural_violations(batch, positions, config_.violation, ViolationDetail::loss),
                          batch.at("atom14_atom_exists"), config_.violation);
  });
  if (config_.tm.enabled) {
    terms.add("tm", config_.tm.weight, [&](const auto& output) {
      return tm_loss(output("tm_logits"), outputs.at("final_affine_tensor"), batch.at("backbone_rigid_tensor"),
                     batch.at("backbone_rigid_mask"), batch.at("resolution"), config_.tm);
    });
  }
  return terms.finish(length_scale(batch));
}

}  // namespace foldperf::trainer
