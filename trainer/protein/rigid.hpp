// Rotations, quaternions and rigid frames x -> R x + t (AlphaFold 2 supplement, section 1.1 and algorithm 21;
// openfold/utils/rigid_utils.py). Everything broadcasts over leading dimensions and is differentiable.
//
// Computed in the inputs' dtype, but never below float32 (half-precision inputs are raised), and on a GPU without
// reduced-precision matrix products: frames accumulate over the blocks of the structure module.
#pragma once

#include <ATen/core/Tensor.h>

namespace foldperf::trainer {

// a [*, n, k] x b [*, k, m] for the small matrices of geometry. Not subject to autocast or TF32.
at::Tensor precise_matmul(const at::Tensor& a, const at::Tensor& b);

// Quaternions are [*, 4], real part first; they need not be normalised unless said.
at::Tensor quat_to_rot(const at::Tensor& unit_quat);                          // [*, 3, 3]
at::Tensor rot_to_quat(const at::Tensor& rot);                                // [*, 4], sign arbitrary (eigenvectors)
at::Tensor quat_multiply(const at::Tensor& a, const at::Tensor& b);           // [*, 4]
at::Tensor quat_multiply_by_vec(const at::Tensor& a, const at::Tensor& vec);  // vec [*, 3] is (0, x, y, z)
at::Tensor invert_quat(const at::Tensor& quat);
at::Tensor normalize_quat(const at::Tensor& quat);

// Frames of shape [*] with their rotation as a matrix.
struct Rigid {
  at::Tensor rot;    // [*, 3, 3]
  at::Tensor trans;  // [*, 3]

  static Rigid from_tensor_4x4(const at::Tensor& matrices);  // [*, 4, 4]; the last row is not read
  // [*, 7]: quaternion, translation. The quaternion is taken as it is, unless `normalize`.
  static Rigid from_tensor_7(const at::Tensor& values, bool normalize = false);
  // Gram-Schmidt from three points [*, 3] (algorithm 21).
  static Rigid from_3_points(const at::Tensor& neg_x_axis, const at::Tensor& origin, const at::Tensor& xy_plane,
                             double eps = 1e-8);
  // Frame that takes the reference backbone (CA at the origin, C on +x, N in the xy plane) to the given atoms [*, 3].
  static Rigid from_backbone(const at::Tensor& n, const at::Tensor& ca, const at::Tensor& c, double eps = 1e-20);

  [[nodiscard]] Rigid compose(const Rigid& other) const;  // this after other
  [[nodiscard]] Rigid invert() const;
  // One point a frame: points [*, 3].
  [[nodiscard]] at::Tensor apply(const at::Tensor& points) const;
  [[nodiscard]] at::Tensor invert_apply(const at::Tensor& points) const;
  // Many points a frame: points [*, P, 3] (or [1, P, 3] to see the same points from every frame).
  [[nodiscard]] at::Tensor apply_to_many(const at::Tensor& points) const;
  [[nodiscard]] at::Tensor invert_apply_to_many(const at::Tensor& points) const;

  [[nodiscard]] Rigid scale_translation(double factor) const;
  [[nodiscard]] Rigid stop_rotation_gradient() const;
  // A new dimension before frame dimension `dim`; negative values count from the end of the frame dimensions.
  [[nodiscard]] Rigid unsqueeze(std::int64_t dim) const;
  [[nodiscard]] at::Tensor to_tensor_4x4() const;  // [*, 4, 4]
  [[nodiscard]] at::Tensor to_tensor_7() const;    // [*, 7]; goes through rot_to_quat
};

// Frames of shape [*] with their rotation as a unit quaternion: the backbone inside the structure module.
struct QuatRigid {
  at::Tensor quat;   // [*, 4]
  at::Tensor trans;  // [*, 3]

  // Identity frames of the given shape.
  static QuatRigid identity(at::IntArrayRef shape, const at::TensorOptions& options);
  // update [*, 6]: quaternion (1, x, y, z), not normalised, then translation, both in this frame (algorithm 23).
  // `rot` saves computing to_rigid().rot where the caller has it.
  [[nodiscard]] QuatRigid compose_update(const at::Tensor& update, const at::Tensor& rot = {}) const;
  [[nodiscard]] QuatRigid stop_rotation_gradient() const;
  [[nodiscard]] Rigid to_rigid() const;
  [[nodiscard]] at::Tensor to_tensor_7() const;
};

}  // namespace foldperf::trainer
