#include "trainer/model/outer_product_mean.hpp"

#include "trainer/model/inference_slices.hpp"

namespace foldperf::trainer {

OuterProductMeanImpl::OuterProductMeanImpl(std::int64_t c_m, std::int64_t c_z, std::int64_t c_hidden, double eps)
    : eps_(eps) {
  layer_norm_ = register_module("layer_norm", LayerNorm(c_m));
  linear_1_ = register_module("linear_1", Linear(c_m, c_hidden));
  linear_2_ = register_module("linear_2", Linear(c_m, c_hidden));
  linear_out_ = register_module("linear_out", Linear(c_hidden * c_hidden, c_z, LinearInit::final));
}

at::Tensor OuterProductMeanImpl::forward(const at::Tensor& m, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const at::Tensor normed = layer_norm_->forward(m);
  // From here at least float32: sums over a thousand sequences, and a division by how many there are.
  const at::ScalarType wide = at::promote_types(m.scalar_type(), at::kFloat);
  at::Tensor a = linear_1_->forward(normed).to(wide);  // [*, S, N, C]
  at::Tensor b = linear_2_->forward(normed).to(wide);
  at::Tensor count;  // [*, N, N, 1]
  if (mask.defined()) {
    const at::Tensor wide_mask = mask.to(wide);
    const at::Tensor mask_column = wide_mask.unsqueeze(-1);
    a = a * mask_column;
    b = b * mask_column;
    count = at::matmul(wide_mask.transpose(-1, -2), wide_mask).add_(eps_).unsqueeze_(-1);
  }
  // Of a residue: its products with all others, once more in the other order, and the result.
  const std::int64_t n = a.size(-2), batch = m.numel() / std::max<std::int64_t>(m.size(-3) * n * m.size(-1), 1);
  const std::int64_t each = batch * n * (2 * a.size(-1) * a.size(-1) + linear_out_->weight.size(0));
  return in_slices(n, rows_at_once(n, each, a), -3, [&](std::int64_t first, std::int64_t size) {
    const at::Tensor z = project_products(rows_of(a, -2, first, size), b);
    const at::Tensor mean =
        count.defined() ? z / rows_of(count, -3, first, size) : z / (static_cast<double>(m.size(-3)) + eps_);
    return mean.to(m.scalar_type());
  });
}

// a [*, S, M, C], b [*, S, N, C]; gives [*, M, N, c_z].
at::Tensor OuterProductMeanImpl::project_products(const at::Tensor& a, const at::Tensor& b) {
  const std::int64_t c = a.size(-1);
  // All outer products as one matrix product over the sequences: [*, M * C, N * C].
  const at::Tensor products = at::matmul(a.flatten(-2).transpose(-1, -2), b.flatten(-2));
  const at::Tensor outer =
      products.unflatten(-1, {b.size(-2), c}).unflatten(-3, {a.size(-2), c}).transpose(-2, -3).flatten(-2);
  return at::linear(outer, linear_out_->weight.to(a.scalar_type()), linear_out_->bias.to(a.scalar_type()));
}

}  // namespace foldperf::trainer
