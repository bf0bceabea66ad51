#include "trainer/loss/lddt.hpp"

#include <ATen/ATen.h>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor distances(const at::Tensor& points, double eps) {
  return ((points.unsqueeze(-2) - points.unsqueeze(-3)).square().sum(-1) + eps).sqrt();
}

}  // namespace

at::Tensor lddt(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask, double cutoff, double eps,
                bool per_residue) {
  const at::Tensor true_distances = distances(truth, eps);
  const at::Tensor error = (true_distances - distances(predicted, eps)).abs();
  at::Tensor counted = true_distances.lt(cutoff) * mask.unsqueeze(-1) * mask.unsqueeze(-2);
  counted.diagonal(0, -2, -1).zero_();

  at::Tensor score = error.lt(0.5).to(error.scalar_type());
  for (const double threshold : {1.0, 2.0, 4.0}) score += error.lt(threshold);
  score *= 0.25;

  const auto total = [&](const at::Tensor& values) { return per_residue ? values.sum(-1) : values.sum({-2, -1}); };
  const at::Tensor norm = (total(counted) + eps).reciprocal();
  return norm * (total(counted * score) + eps);
}

at::Tensor lddt_ca(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& mask, double cutoff,
                   double eps, bool per_residue) {
  return lddt(predicted.select(-2, atom37::ca), truth.select(-2, atom37::ca), mask.select(-1, atom37::ca), cutoff, eps,
              per_residue);
}

}  // namespace foldperf::trainer
