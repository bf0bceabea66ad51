#include "trainer/loss/metrics.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/loss/lddt.hpp"
#include "trainer/loss/pair_distances.hpp"
#include "trainer/loss/superposition.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

at::Tensor drmsd(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask) {
  const at::NoGradGuard no_grad;
  const at::Tensor pairs = mask.unsqueeze(-1) * mask.unsqueeze(-2);
  const at::Tensor squared = ((pair_distances(a, a, 0.0) - pair_distances(b, b, 0.0)).square() * pairs).sum({-1, -2});
  const at::Tensor count = mask.sum(-1).min();
  return at::where(count.gt(1), squared / (count * (count - 1)), 0.0).sqrt();
}

at::Tensor gdt(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask, const std::vector<double>& cutoffs) {
  const at::NoGradGuard no_grad;
  const at::Tensor distances = (a.to(at::kFloat) - b.to(at::kFloat)).square().sum(-1).sqrt();
  const at::Tensor count = mask.sum(-1);
  at::Tensor sum = at::zeros({}, distances.options());
  for (const double cutoff : cutoffs) sum = sum + ((distances.le(cutoff) * mask).sum(-1) / count).mean();
  return sum / static_cast<double>(cutoffs.size());
}

at::Tensor gdt_ts(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask) {
  return gdt(a, b, mask, {1.0, 2.0, 4.0, 8.0});
}

at::Tensor gdt_ha(const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask) {
  return gdt(a, b, mask, {0.5, 1.0, 2.0, 4.0});
}

TensorDict validation_metrics(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask,
                              bool superposition_metrics, double eps) {
  const at::NoGradGuard no_grad;
  const at::Tensor ca_mask = mask.select(-1, atom37::ca);
  // Masked coordinates are zero, as in OpenFold's validation step.
  const at::Tensor predicted_ca = predicted.select(-2, atom37::ca) * ca_mask.unsqueeze(-1);
  const at::Tensor true_ca = truth.select(-2, atom37::ca) * ca_mask.unsqueeze(-1);
  TensorDict metrics{{"lddt_ca", lddt_ca(predicted, truth, mask, 15.0, eps, false)},
                     {"drmsd_ca", drmsd(predicted_ca, true_ca, ca_mask)}};
  if (superposition_metrics) {
    const Superposition best = superimpose(true_ca, predicted_ca, ca_mask);
    metrics["alignment_rmsd"] = best.rmsd;
    metrics["gdt_ts"] = gdt_ts(best.coordinates, true_ca, ca_mask);
    metrics["gdt_ha"] = gdt_ha(best.coordinates, true_ca, ca_mask);
  }
  return metrics;
}

}  // namespace foldperf::trainer
