#include "trainer/protein/rigid.hpp"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/torch.h>

#include "trainer/protein/residue_constants.hpp"

namespace foldperf::trainer {

namespace {

at::Tensor at_least_float32(const at::Tensor& t) {
  const auto type = t.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? t.to(at::kFloat) : t;
}

// A bilinear form of quaternions as a matrix: entry (4 i + j, k) is what a_i b_j adds to component k. One outer product
// and one small matrix product then do what would take dozens of element-wise calls.
struct Term {
  int row, column;
  float value;
};

at::Tensor table_of(std::int64_t rows, std::int64_t columns, std::initializer_list<Term> terms) {
  at::Tensor table = torch::zeros({rows, columns}, torch::kFloat32);
  auto entries = table.accessor<float, 2>();
  for (const Term& term : terms) entries[term.row][term.column] = term.value;
  return table;
}

constexpr int pair(int i, int j) { return 4 * i + j; }

// q q^T, flattened, to the rotation matrix, flattened.
const at::Tensor& quat_square_to_rot() {
  static const at::Tensor& table = *new at::Tensor(
      table_of(16, 9, {{pair(0, 0), 0, 1}, {pair(1, 1), 0, 1},  {pair(2, 2), 0, -1}, {pair(3, 3), 0, -1},  //
                       {pair(1, 2), 1, 2}, {pair(0, 3), 1, -2},                                            //
                       {pair(1, 3), 2, 2}, {pair(0, 2), 2, 2},                                             //
                       {pair(1, 2), 3, 2}, {pair(0, 3), 3, 2},                                             //
                       {pair(0, 0), 4, 1}, {pair(1, 1), 4, -1}, {pair(2, 2), 4, 1},  {pair(3, 3), 4, -1},  //
                       {pair(2, 3), 5, 2}, {pair(0, 1), 5, -2},                                            //
                       {pair(1, 3), 6, 2}, {pair(0, 2), 6, -2},                                            //
                       {pair(2, 3), 7, 2}, {pair(0, 1), 7, 2},                                             //
                       {pair(0, 0), 8, 1}, {pair(1, 1), 8, -1}, {pair(2, 2), 8, -1}, {pair(3, 3), 8, 1}}));
  return table;
}

// The Hamilton product.
const at::Tensor& quat_product() {
  static const at::Tensor& table = *new at::Tensor(table_of(16, 4,
                                                            {{pair(0, 0), 0, 1},
                                                             {pair(1, 1), 0, -1},
                                                             {pair(2, 2), 0, -1},
                                                             {pair(3, 3), 0, -1},
                                                             {pair(0, 1), 1, 1},
                                                             {pair(1, 0), 1, 1},
                                                             {pair(2, 3), 1, 1},
                                                             {pair(3, 2), 1, -1},
                                                             {pair(0, 2), 2, 1},
                                                             {pair(2, 0), 2, 1},
                                                             {pair(3, 1), 2, 1},
                                                             {pair(1, 3), 2, -1},
                                                             {pair(0, 3), 3, 1},
                                                             {pair(3, 0), 3, 1},
                                                             {pair(1, 2), 3, 1},
                                                             {pair(2, 1), 3, -1}}));
  return table;
}

// The Hamilton product with (0, x, y, z): the rows of quat_product() whose second factor is not the real part.
const at::Tensor& quat_vec_product() {
  static const at::Tensor& table =
      *new at::Tensor(quat_product().view({4, 4, 4}).slice(1, 1).reshape({12, 4}).contiguous());
  return table;
}

// A rotation matrix, flattened, to the symmetric matrix whose largest eigenvector is its quaternion (Bar-Itzhack).
const at::Tensor& rot_to_quat_form() {
  static const at::Tensor& table = *new at::Tensor([] {
    constexpr int xx = 0, xy = 1, xz = 2, yx = 3, yy = 4, yz = 5, zx = 6, zy = 7, zz = 8;
    at::Tensor form =
        table_of(9, 16, {{xx, pair(0, 0), 1},  {yy, pair(0, 0), 1},  {zz, pair(0, 0), 1},  {zy, pair(0, 1), 1},
                         {yz, pair(0, 1), -1}, {xz, pair(0, 2), 1},  {zx, pair(0, 2), -1}, {yx, pair(0, 3), 1},
                         {xy, pair(0, 3), -1}, {xx, pair(1, 1), 1},  {yy, pair(1, 1), -1}, {zz, pair(1, 1), -1},
                         {xy, pair(1, 2), 1},  {yx, pair(1, 2), 1},  {xz, pair(1, 3), 1},  {zx, pair(1, 3), 1},
                         {yy, pair(2, 2), 1},  {xx, pair(2, 2), -1}, {zz, pair(2, 2), -1}, {yz, pair(2, 3), 1},
                         {zy, pair(2, 3), 1},  {zz, pair(3, 3), 1},  {xx, pair(3, 3), -1}, {yy, pair(3, 3), -1}});
    // The lower triangle mirrors the upper one.
    at::Tensor square = form.view({9, 4, 4});
    return at::Tensor((square + square.triu(1).transpose(1, 2)).reshape({9, 16}) / 3.0);
  }());
  return table;
}

// Flattened outer product of the last dimensions, times a table.
at::Tensor outer_product_map(const at::Tensor& a, const at::Tensor& b, const at::Tensor& table) {
  const at::Tensor outer = (a.unsqueeze(-1) * b.unsqueeze(-2)).flatten(-2);
  return precise_matmul(outer.unsqueeze(-2), residue_tables::as(table, outer)).squeeze(-2);
}

at::Tensor columns_to_rot(const at::Tensor& x, const at::Tensor& y, const at::Tensor& z) {
  return at::stack({x, y, z}, -1);
}

// cuBLAS rounds to TF32 when the program allows it; not here, nor in the gradients.
class UnroundedMatmul : public torch::autograd::Function<UnroundedMatmul> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
    context->save_for_backward({a, b});
    const at::NoTF32Guard no_tf32;
    return at::matmul(a, b);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &b = saved[1], &gradient = gradients[0];
    const at::NoTF32Guard no_tf32;
    at::Tensor to_a, to_b;
    if (context->needs_input_grad(0)) to_a = at::matmul(gradient, b.transpose(-1, -2)).sum_to_size(a.sizes());
    if (context->needs_input_grad(1)) to_b = at::matmul(a.transpose(-1, -2), gradient).sum_to_size(b.sizes());
    return {to_a, to_b};
  }
};

}  // namespace

at::Tensor precise_matmul(const at::Tensor& a, const at::Tensor& b) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::Tensor x = at_least_float32(a), y = at_least_float32(b);
  if (x.is_cpu()) return at::matmul(x, y);
  // Rotations and the like: a kernel for each of thousands of 3 x 3 products, which cuBLAS launches as one slow batch.
  constexpr std::int64_t small = 16;
  if (x.size(-2) <= small && y.size(-1) <= small) return (x.unsqueeze(-1) * y.unsqueeze(-3)).sum(-2);
  return UnroundedMatmul::apply(x, y);
}

at::Tensor normalize_quat(const at::Tensor& quat) {
  const at::Tensor q = at_least_float32(quat);
  return q / at::linalg_vector_norm(q, 2, at::IntArrayRef{-1}, true);
}

at::Tensor quat_to_rot(const at::Tensor& unit_quat) {
  const at::Tensor q = at_least_float32(unit_quat);
  return outer_product_map(q, q, quat_square_to_rot()).unflatten(-1, {3, 3});
}

at::Tensor rot_to_quat(const at::Tensor& rot) {
  const at::Tensor r = at_least_float32(rot);
  const at::Tensor flat = r.flatten(-2).unsqueeze(-2);
  const at::Tensor form = precise_matmul(flat, residue_tables::as(rot_to_quat_form(), r)).squeeze(-2);
  return std::get<1>(at::linalg_eigh(form.unflatten(-1, {4, 4}))).select(-1, 3);
}

at::Tensor quat_multiply(const at::Tensor& a, const at::Tensor& b) {
  return outer_product_map(at_least_float32(a), at_least_float32(b), quat_product());
}

at::Tensor quat_multiply_by_vec(const at::Tensor& a, const at::Tensor& vec) {
  return outer_product_map(at_least_float32(a), at_least_float32(vec), quat_vec_product());
}

at::Tensor invert_quat(const at::Tensor& quat) {
  const at::Tensor q = at_least_float32(quat);
  const at::Tensor conjugate = at::cat({q.narrow(-1, 0, 1), -q.narrow(-1, 1, 3)}, -1);
  return conjugate / q.square().sum(-1, true);
}

Rigid Rigid::from_tensor_4x4(const at::Tensor& matrices) {
  const at::Tensor top = at_least_float32(matrices).narrow(-2, 0, 3);
  return {top.narrow(-1, 0, 3), top.select(-1, 3)};
}

Rigid Rigid::from_tensor_7(const at::Tensor& values, bool normalize) {
  const at::Tensor quat = values.narrow(-1, 0, 4);
  return {quat_to_rot(normalize ? normalize_quat(quat) : quat), at_least_float32(values.narrow(-1, 4, 3))};
}

Rigid Rigid::from_3_points(const at::Tensor& neg_x_axis, const at::Tensor& origin, const at::Tensor& xy_plane,
                           double eps) {
  const at::Tensor center = at_least_float32(origin);
  const auto unit = [&](const at::Tensor& v) { return v / at::sqrt(v.square().sum(-1, true) + eps); };
  const at::Tensor x = unit(center - at_least_float32(neg_x_axis));
  const at::Tensor in_plane = at_least_float32(xy_plane) - center;
  const at::Tensor y = unit(in_plane - x * (x * in_plane).sum(-1, true));
  return {columns_to_rot(x, y, at::linalg_cross(x, y)), center};
}

Rigid Rigid::from_backbone(const at::Tensor& n, const at::Tensor& ca, const at::Tensor& c, double eps) {
  const at::Tensor origin = at_least_float32(ca);
  const at::Tensor to_c = at_least_float32(c) - origin;
  const at::Tensor to_n = at_least_float32(n) - origin;
  const auto part = [](const at::Tensor& v, int i) { return v.select(-1, i).unsqueeze(-1); };
  const at::Tensor cx = part(to_c, 0), cy = part(to_c, 1), cz = part(to_c, 2);

  // Turn about z, then about y, until C lies on +x: the rows of that rotation.
  const at::Tensor xy_square = cx.square() + cy.square();
  const at::Tensor xy_norm = at::sqrt(xy_square + eps);
  const at::Tensor norm = at::sqrt(xy_square + cz.square() + eps);
  const at::Tensor sin_z = -cy / xy_norm, cos_z = cx / xy_norm;
  const at::Tensor sin_y = cz / norm, cos_y = at::sqrt(xy_square) / norm;
  const at::Tensor x = at::cat({cos_y * cos_z, -cos_y * sin_z, sin_y}, -1);
  const at::Tensor y = at::cat({sin_z, cos_z, at::zeros_like(cos_z)}, -1);
  const at::Tensor z = at::cat({-sin_y * cos_z, sin_y * sin_z, cos_y}, -1);

  // Then turn about x until N lies in the xy plane.
  const at::Tensor n_y = (y * to_n).sum(-1, true), n_z = (z * to_n).sum(-1, true);
  const at::Tensor n_norm = at::sqrt(n_y.square() + n_z.square() + eps);
  const at::Tensor sin_x = -n_z / n_norm, cos_x = n_y / n_norm;
  return {columns_to_rot(x, cos_x * y - sin_x * z, sin_x * y + cos_x * z), origin};
}

Rigid Rigid::compose(const Rigid& other) const { return {precise_matmul(rot, other.rot), apply(other.trans)}; }

Rigid Rigid::invert() const {
  const at::Tensor inverse = rot.transpose(-1, -2);
  return {inverse, -precise_matmul(inverse, trans.unsqueeze(-1)).squeeze(-1)};
}

at::Tensor Rigid::apply(const at::Tensor& points) const {
  return precise_matmul(rot, points.unsqueeze(-1)).squeeze(-1) + trans;
}

at::Tensor Rigid::invert_apply(const at::Tensor& points) const {
  return precise_matmul(rot.transpose(-1, -2), (points - trans).unsqueeze(-1)).squeeze(-1);
}

at::Tensor Rigid::apply_to_many(const at::Tensor& points) const {
  return precise_matmul(points, rot.transpose(-1, -2)) + trans.unsqueeze(-2);
}

at::Tensor Rigid::invert_apply_to_many(const at::Tensor& points) const {
  return precise_matmul(points - trans.unsqueeze(-2), rot);
}

Rigid Rigid::scale_translation(double factor) const { return {rot, trans * factor}; }

Rigid Rigid::stop_rotation_gradient() const { return {rot.detach(), trans}; }

Rigid Rigid::unsqueeze(std::int64_t dim) const {
  return {rot.unsqueeze(dim < 0 ? dim - 2 : dim), trans.unsqueeze(dim < 0 ? dim - 1 : dim)};
}

at::Tensor Rigid::to_tensor_4x4() const {
  const at::Tensor top = at::cat({rot, trans.unsqueeze(-1)}, -1);
  at::Tensor last_row = at::zeros({4}, top.options());
  last_row.narrow(0, 3, 1).fill_(1);
  auto shape = top.sizes().vec();
  shape[shape.size() - 2] = 1;
  return at::cat({top, last_row.expand(shape)}, -2);
}

at::Tensor Rigid::to_tensor_7() const { return at::cat({rot_to_quat(rot), trans}, -1); }

QuatRigid QuatRigid::identity(at::IntArrayRef shape, const at::TensorOptions& options) {
  auto quat_shape = shape.vec();
  quat_shape.push_back(4);
  auto trans_shape = shape.vec();
  trans_shape.push_back(3);
  at::Tensor quat = at::zeros(quat_shape, options);
  quat.select(-1, 0).fill_(1);
  return {quat, at::zeros(trans_shape, options)};
}

QuatRigid QuatRigid::compose_update(const at::Tensor& update, const at::Tensor& rot) const {
  const at::Tensor matrix = rot.defined() ? rot : quat_to_rot(quat);
  const at::Tensor turned = quat + quat_multiply_by_vec(quat, update.narrow(-1, 0, 3));
  const at::Tensor moved = precise_matmul(matrix, update.narrow(-1, 3, 3).unsqueeze(-1)).squeeze(-1);
  return {normalize_quat(turned), trans + moved};
}

QuatRigid QuatRigid::stop_rotation_gradient() const { return {quat.detach(), trans}; }

Rigid QuatRigid::to_rigid() const { return {quat_to_rot(quat), trans}; }

at::Tensor QuatRigid::to_tensor_7() const { return at::cat({quat, trans}, -1); }

}  // namespace foldperf::trainer
