#include "trainer/predict/chain_scores.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <vector>

#include "trainer/loss/lddt.hpp"
#include "trainer/loss/metrics.hpp"
#include "trainer/predict/finite_outputs.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

// Scores of fewer are numbers about nothing (OpenFold's lDDT is then 1).
constexpr double fewest_ca = 2;

}  // namespace

std::map<std::string, double> score_chain(const TensorDict& outputs, const TensorDict& truth) {
  const at::NoGradGuard no_grad;
  expect_finite(outputs);
  const at::Tensor& mask = truth.at("all_atom_mask");
  const bool comparable = mask.select(-1, atom37::ca).sum().item<double>() >= fewest_ca;
  std::map<std::string, double> values;
  for (const auto& [name, tensor] :
       validation_metrics(outputs.at("final_atom_positions"), truth.at("all_atom_positions"), mask)) {
    values[name] = comparable ? tensor.to(at::kDouble).mean().item<double>() : std::nan("");
  }
  values["plddt"] = outputs.at("plddt").to(at::kDouble).mean().item<double>();
  return values;
}

at::Tensor lddt_by_residue(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask) {
  const at::NoGradGuard no_grad;
  const at::Tensor ca = mask.select(-1, atom37::ca);
  const at::Tensor true_ca = truth.select(-2, atom37::ca);
  const at::Tensor distances = (true_ca.unsqueeze(-2) - true_ca.unsqueeze(-3)).square().sum(-1).sqrt();
  // The residue itself is always near.
  const at::Tensor neighbours = (distances.lt(15.0) * ca.unsqueeze(-2) * ca.unsqueeze(-1)).sum(-1) - ca;
  const at::Tensor scores = lddt_ca(predicted, truth, mask);
  return at::where(neighbours.gt(0), scores, std::nan("")).to(at::kCPU);
}

ChainMetrics mean_of(const std::vector<ChainMetrics>& chains) {
  ChainMetrics mean;
  double compared = 0;
  for (const ChainMetrics& chain : chains) {
    mean.seconds += chain.seconds;
    const auto lddt = chain.values.find("lddt_ca");
    const bool comparable = lddt != chain.values.end() && !std::isnan(lddt->second);
    compared += comparable;
    for (const auto& [name, value] : chain.values) mean.values[name] += comparable ? value : 0;
  }
  for (auto& [name, value] : mean.values) value = compared > 0 ? value / compared : std::nan("");
  return mean;
}

}  // namespace foldperf::trainer
