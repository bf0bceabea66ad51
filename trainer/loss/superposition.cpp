#include "trainer/loss/superposition.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace foldperf::trainer {

Superposition superimpose(const at::Tensor& reference, const at::Tensor& moved, const at::Tensor& mask) {
  const at::NoGradGuard no_grad;
  const at::Tensor weight = mask.gt(0).to(at::kDouble).unsqueeze(-1);  // [*, N, 1]
  const at::Tensor count = weight.sum(-2, true).clamp_min(1.0);
  const auto centre = [&](const at::Tensor& points) { return (points * weight).sum(-2, true) / count; };
  const at::Tensor fixed = reference.to(at::kDouble);
  const at::Tensor mobile = moved.to(at::kDouble);
  const at::Tensor fixed_centre = centre(fixed);
  const at::Tensor centred = (fixed - fixed_centre) * weight;
  const at::Tensor mobile_centred = (mobile - centre(mobile)) * weight;

  const auto [u, s, vt] = at::linalg_svd(mobile_centred.transpose(-1, -2).matmul(centred));
  // A reflection would fit better than any rotation: turn the direction of the smallest singular value.
  at::Tensor signs = at::ones_like(s);
  signs.select(-1, -1).copy_(at::linalg_det(u.matmul(vt)).sign());
  const at::Tensor rotation = (u * signs.unsqueeze(-2)).matmul(vt);  // points are rows: x R

  const at::Tensor rotated = mobile_centred.matmul(rotation);
  const at::Tensor squared = (rotated - centred).square().sum({-2, -1});
  return {.coordinates = ((rotated + fixed_centre) * weight).to(moved.scalar_type()),
          .rmsd = (squared / count.squeeze(-1).squeeze(-1)).sqrt().to(moved.scalar_type())};
}

}  // namespace foldperf::trainer
