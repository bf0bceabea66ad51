#include "trainer/model/triangle_multiplication.hpp"

#include "trainer/model/inference_slices.hpp"

namespace foldperf::trainer {

namespace {

// [B, C, N, N] to [B, N, N, C] in memory, and the gradient back: batched products take contiguous matrices only, and
// would go through them one by one.
class ChannelsLast : public torch::autograd::Function<ChannelsLast> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& x) {
    return x.permute({0, 2, 3, 1}).contiguous();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 torch::autograd::variable_list gradients) {
    return {gradients[0].permute({0, 3, 1, 2}).contiguous()};
  }
};

}  // namespace

TriangleMultiplicationImpl::TriangleMultiplicationImpl(std::int64_t c_z, std::int64_t c_hidden, bool outgoing)
    : c_hidden_(c_hidden), outgoing_(outgoing) {
  linear_g_ = register_module("linear_g", Linear(c_z, c_z, LinearInit::gating));
  linear_z_ = register_module("linear_z", Linear(c_hidden, c_z, LinearInit::final));
  layer_norm_in_ = register_module("layer_norm_in", LayerNorm(c_z));
  layer_norm_out_ = register_module("layer_norm_out", LayerNorm(c_hidden));
  linear_a_p_ = register_module("linear_a_p", Linear(c_z, c_hidden));
  linear_a_g_ = register_module("linear_a_g", Linear(c_z, c_hidden, LinearInit::gating));
  linear_b_p_ = register_module("linear_b_p", Linear(c_z, c_hidden));
  linear_b_g_ = register_module("linear_b_g", Linear(c_z, c_hidden, LinearInit::gating));
}

// The four projections are one product whose result has its channels first, as the product over the third residue wants
// them: no tensor of the size of z is transposed in memory. z_flat [B, N * N, c_z], mask_flat [B, 1, N * N].
at::Tensor TriangleMultiplicationImpl::gated_projections(const at::Tensor& z_flat, const at::Tensor& mask_flat,
                                                         std::int64_t first, std::int64_t size) const {
  const auto here = [&](const at::Tensor& parameter) { return rows_of(parameter, 0, first, size); };
  const at::Tensor weight = at::cat(
      {here(linear_a_p_->weight), here(linear_b_p_->weight), here(linear_a_g_->weight), here(linear_b_g_->weight)});
  const at::Tensor bias =
      at::cat({here(linear_a_p_->bias), here(linear_b_p_->bias), here(linear_a_g_->bias), here(linear_b_g_->bias)});
  const std::int64_t batch = z_flat.size(0);
  const at::Tensor projected =
      at::baddbmm(bias.view({1, -1, 1}), weight.unsqueeze(0).expand({batch, -1, -1}), z_flat.transpose(1, 2));
  const at::Tensor gated = at::glu(projected, 1);  // first half times the sigmoid of the second
  return mask_flat.defined() ? gated * mask_flat : gated;
}

at::Tensor TriangleMultiplicationImpl::forward(const at::Tensor& z, const at::Tensor& mask) {
  const TraceScope trace(*this);
  const std::int64_t n = z.size(-2), pairs = z.size(-3) * n;
  const at::Tensor normed = layer_norm_in_->forward(z);
  at::Tensor mask_flat;
  if (mask.defined()) {
    // A mask of one template serves all of them.
    mask_flat = mask.expand(z.sizes().slice(0, z.sizes().size() - 1)).reshape({-1, 1, pairs});
  }
  const at::Tensor z_flat = normed.reshape({-1, pairs, z.size(-1)});
  // Of a channel: four projections, a and b gated.
  const std::int64_t batch = z_flat.size(0);
  const at::Tensor product = in_slices(
      c_hidden_, rows_at_once(c_hidden_, batch * pairs * 7, z), 1, [&](std::int64_t first, std::int64_t size) {
        const std::vector<at::Tensor> ab =
            gated_projections(z_flat, mask_flat, first, size).view({-1, 2 * size, n, n}).chunk(2, 1);
        // Sum over k of a[i, k] b[j, k] (outgoing), of a[k, i] b[k, j] (incoming).
        return outgoing_ ? at::matmul(ab[0], ab[1].transpose(-1, -2)) : at::matmul(ab[0].transpose(-1, -2), ab[1]);
      });
  // Of a row: the product in another order and normed, its projection, the gate and their product.
  const std::int64_t each = batch * n * (2 * c_hidden_ + 3 * z.size(-1));
  return in_slices(n, rows_at_once(n, each, z), -3, [&](std::int64_t first, std::int64_t size) {
    const at::Tensor normed_here = rows_of(normed, -3, first, size);
    const at::Tensor x =
        linear_z_->forward(layer_norm_out_->forward(ChannelsLast::apply(rows_of(product, 2, first, size))));
    return x.view(normed_here.sizes()) * linear_g_->forward(normed_here).sigmoid_();
  });
}

}  // namespace foldperf::trainer
