#include "trainer/loss/renamed_ground_truth.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/loss/pair_distances.hpp"
#include "trainer/protein/residue_constants.hpp"

namespace foldperf::trainer {

namespace {

// The atom14 slots [first, last) that hold all ambiguous atoms: four of the fourteen, so that only their distances to
// the other atoms need to be computed.
struct SlotRange {
  std::int64_t first;
  std::int64_t last;
};
SlotRange ambiguous_slots() {
  static const SlotRange range = [] {
    const at::Tensor slots = residue_tables::atom14_is_ambiguous().sum(0).nonzero().flatten();
    return SlotRange{slots.min().item<std::int64_t>(), slots.max().item<std::int64_t>() + 1};
  }();
  return range;
}

}  // namespace

RenamedGroundTruth renamed_ground_truth(const TensorDict& batch, const at::Tensor& predicted, double eps) {
  const at::NoGradGuard no_grad;
  const auto [first, last] = ambiguous_slots();
  const at::Tensor& truth = batch.at("atom14_gt_positions");
  const at::Tensor& alt_truth = batch.at("atom14_alt_gt_positions");
  const at::Tensor& exists = batch.at("atom14_gt_exists");
  const at::Tensor& ambiguous = batch.at("atom14_atom_is_ambiguous");

  // [*, N * 4, N * 14]: from each ambiguous atom to every atom.
  const auto distances = [&](const at::Tensor& positions) {
    return pair_distances(positions.slice(-2, first, last).flatten(-3, -2), positions.flatten(-3, -2), eps);
  };
  const at::Tensor row_mask = (exists * ambiguous).slice(-1, first, last);                // [*, N, 4]
  const at::Tensor column_mask = (exists * (1.0 - ambiguous)).flatten(-2).unsqueeze(-1);  // [*, N * 14, 1]
  const at::Tensor predicted_distances = distances(predicted.detach());
  const auto error_per_residue = [&](const at::Tensor& positions) {
    const at::Tensor error = distances(positions).sub_(predicted_distances).square_().add_(eps).sqrt_();
    return (error.matmul(column_mask).view(row_mask.sizes()) * row_mask).sum(-1);
  };
  RenamedGroundTruth result;
  result.alt_naming_is_better = error_per_residue(alt_truth).lt(error_per_residue(truth)).to(predicted.scalar_type());
  const at::Tensor use_alt = result.alt_naming_is_better.unsqueeze(-1);
  result.positions = (1.0 - use_alt.unsqueeze(-1)) * truth + use_alt.unsqueeze(-1) * alt_truth;
  result.exists = (1.0 - use_alt) * exists + use_alt * batch.at("atom14_alt_gt_exists");
  return result;
}

}  // namespace foldperf::trainer
