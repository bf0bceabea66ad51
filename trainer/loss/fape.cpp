#include "trainer/loss/fape.hpp"

#include <ATen/ATen.h>

#include <vector>

namespace foldperf::trainer {

namespace {

at::Tensor expand_to(const at::Tensor& tensor, const at::Tensor& leading, std::int64_t own_dims) {
  std::vector<std::int64_t> shape(leading.sizes().begin(), leading.sizes().end());
  const auto own = tensor.sizes().slice(static_cast<std::size_t>(tensor.dim() - own_dims));
  shape.insert(shape.end(), own.begin(), own.end());
  return tensor.expand(shape);
}

// [*, F, P], Angstrom.
at::Tensor point_errors(const Rigid& predicted_frames, const Rigid& true_frames, const at::Tensor& predicted_points,
                        const at::Tensor& true_points, double eps) {
  return (local_differences(predicted_frames, true_frames, predicted_points, true_points).square().sum(-3) + eps)
      .sqrt();
}

// Masked mean of errors [*, F, P] in units of the length scale -> [*].
at::Tensor mean_error(const at::Tensor& errors, const at::Tensor& frames_mask, const at::Tensor& points_mask,
                      const at::Tensor& pair_mask, double length_scale, double eps) {
  if (pair_mask.defined()) {
    const at::Tensor mask = frames_mask.unsqueeze(-1) * points_mask.unsqueeze(-2) * pair_mask;
    return (errors * mask).sum({-1, -2}) / (mask.sum({-1, -2}) + eps) / length_scale;
  }
  // frames_mask^T errors points_mask: the masks are applied by a product, not by copies of the errors.
  const at::Tensor frame_weights = frames_mask / (frames_mask.sum(-1, true) + eps) / length_scale;
  const at::Tensor per_frame = precise_matmul(errors, points_mask.unsqueeze(-1)).squeeze(-1);
  return (per_frame * frame_weights).sum(-1) / (points_mask.sum(-1) + eps);
}

}  // namespace

Rigid rigid_from_tensor(const at::Tensor& frames) {
  return frames.size(-1) == 7 ? Rigid::from_tensor_7(frames) : Rigid::from_tensor_4x4(frames);
}

at::Tensor local_differences(const Rigid& predicted_frames, const Rigid& true_frames,
                             const at::Tensor& predicted_points, const at::Tensor& true_points) {
  // R^T (x - t) = R^T x - R^T t for prediction and truth at once: a row of the left factor is (R^T, -R'^T, offset), a
  // column of the right one (x, x', 1).
  const auto inverse_rotation = [](const Rigid& frames) { return frames.rot.movedim(-1, -3); };  // [*, 3, F, 3]
  const auto offset = [](const at::Tensor& inverse, const Rigid& frames) {                       // [*, 3, F]
    return (inverse * frames.trans.unsqueeze(-3)).sum(-1);
  };
  const at::Tensor inverse = inverse_rotation(predicted_frames);
  const at::Tensor true_inverse = inverse_rotation(true_frames);
  const at::Tensor batch = predicted_points.select(-1, 0).select(-1, 0);  // has the leading dimensions
  const at::Tensor offsets = offset(true_inverse, true_frames) - offset(inverse, predicted_frames);
  const at::Tensor left = at::cat({inverse, expand_to(-true_inverse, batch, 3), offsets.unsqueeze(-1)}, -1);
  const at::Tensor right = at::cat(
      {predicted_points, expand_to(true_points, batch, 2), at::ones_like(predicted_points.slice(-1, 0, 1))}, -1);
  return precise_matmul(left.flatten(-3, -2), right.transpose(-1, -2)).unflatten(-2, {3, inverse.size(-2)});
}

at::Tensor compute_fape(const Rigid& predicted_frames, const Rigid& true_frames, const at::Tensor& frames_mask,
                        const at::Tensor& predicted_points, const at::Tensor& true_points,
                        const at::Tensor& points_mask, const FapeOptions& options, const at::Tensor& pair_mask) {
  at::Tensor errors = point_errors(predicted_frames, true_frames, predicted_points, true_points, options.eps);
  if (options.l1_clamp_distance) errors = errors.clamp_max(*options.l1_clamp_distance);
  return mean_error(errors, frames_mask, points_mask, pair_mask, options.length_scale, options.eps);
}

at::Tensor backbone_fape(const at::Tensor& traj, const at::Tensor& backbone_rigid_tensor,
                         const at::Tensor& backbone_rigid_mask, const at::Tensor& use_clamped_fape,
                         const BackboneFapeConfig& config, double eps, const at::Tensor& pair_mask) {
  const Rigid predicted = rigid_from_tensor(traj);
  const Rigid truth = Rigid::from_tensor_4x4(backbone_rigid_tensor);
  const at::Tensor errors = point_errors(predicted, truth, predicted.trans, truth.trans, eps);
  const auto mean = [&](const at::Tensor& values) {
    return mean_error(values, backbone_rigid_mask, backbone_rigid_mask, pair_mask, config.loss_unit_distance, eps);
  };
  at::Tensor loss = mean(errors.clamp_max(config.clamp_distance));
  if (use_clamped_fape.defined()) loss = loss * use_clamped_fape + mean(errors) * (1 - use_clamped_fape);
  return loss.mean();
}

at::Tensor sidechain_fape(const at::Tensor& sidechain_frames, const at::Tensor& sidechain_positions,
                          const SidechainTruth& truth, const SidechainFapeConfig& config, double eps) {
  const at::Tensor alt = truth.alt_naming_is_better.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1);
  const at::Tensor true_frames = (1.0 - alt) * truth.frames + alt * truth.alt_frames;
  // Residues and their groups (or atoms) become one dimension.
  const Rigid predicted = Rigid::from_tensor_4x4(sidechain_frames.select(0, -1).flatten(-4, -3));
  return compute_fape(predicted, Rigid::from_tensor_4x4(true_frames.flatten(-4, -3)), truth.frames_exist.flatten(-2),
                      sidechain_positions.select(0, -1).flatten(-3, -2), truth.positions.flatten(-3, -2),
                      truth.positions_exist.flatten(-2),
                      {.length_scale = config.length_scale, .l1_clamp_distance = config.clamp_distance, .eps = eps});
}

}  // namespace foldperf::trainer
