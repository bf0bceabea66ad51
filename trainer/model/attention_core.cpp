#include "trainer/model/attention_core.hpp"

#include <torch/torch.h>

namespace foldperf::trainer {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// [..., L, C] as [batch, L, C]; the tensor is contiguous.
// The batch is spelled out: where L is 0 (no extra sequence) -1 could be anything.
at::Tensor flat(const at::Tensor& x) {
  const std::int64_t batch = c10::multiply_integers(x.sizes().slice(0, static_cast<std::size_t>(x.dim() - 2)));
  return x.view({batch, x.size(-2), x.size(-1)});
}

// out [batch, n, c] = scale * a [batch, n, k] b [batch, k, c]; out is contiguous. Products with few columns are slow in
// CPU libraries (MKL: three times slower for c = 8), products with few rows are not, so there the transposed one is
// formed.
void multiply(at::Tensor out, const at::Tensor& a, const at::Tensor& b, double scale) {
  constexpr std::int64_t few_columns = 16;
  if (!out.is_cpu() || out.size(2) >= few_columns || out.size(1) < few_columns) {
    out.baddbmm_(a, b, 0, scale);
    return;
  }
  at::Tensor transposed = at::empty({out.size(0), out.size(2), out.size(1)}, out.options());
  transposed.baddbmm_(b.transpose(1, 2), a.transpose(1, 2), 0, scale);
  out.copy_(transposed.transpose(1, 2));
}

// Probabilities [..., Q, K], in the buffer that began as the sum of the biases. q, k: [..., Q or K, C], contiguous.
at::Tensor probabilities(const at::Tensor& q, const at::Tensor& k, at::TensorList biases, double scale) {
  std::vector<std::int64_t> shape = q.sizes().vec();
  shape.back() = k.size(-2);
  at::Tensor logits = at::empty(shape, q.options());
  double beta = 1;
  if (biases.empty()) {
    beta = 0;
  } else if (biases.size() == 1) {
    logits.copy_(biases[0]);
  } else {
    at::add_out(logits, biases[0].expand(shape), biases[1]);
    for (const at::Tensor& bias : biases.slice(2)) logits.add_(bias);
  }
  flat(logits).baddbmm_(flat(q), flat(k).transpose(1, 2), beta, scale);
  return at::_softmax_out(logits, logits, -1, /*half_to_float=*/false);
}

struct Gradients {
  at::Tensor q, k, v, logits;
};

// Writes the gradients of q, k, v into the contiguous tensors of `result` and sets its logits.
void differentiate(Gradients& result, const at::Tensor& gradient, const at::Tensor& q, const at::Tensor& k,
                   const at::Tensor& v, const at::Tensor& probability, double scale) {
  const at::Tensor g = flat(gradient.contiguous());
  const at::Tensor p = flat(probability);
  multiply(flat(result.v), p.transpose(1, 2), g, 1);
  at::Tensor grad_logits = at::bmm(g, flat(v).transpose(1, 2));
  at::_softmax_backward_data_out(grad_logits, grad_logits, p, -1, p.scalar_type());
  multiply(flat(result.q), grad_logits, flat(k), scale);
  multiply(flat(result.k), grad_logits.transpose(1, 2), flat(q), scale);
  result.logits = grad_logits.view(probability.sizes());
}

// biases: which of them want a gradient, and their shapes.
void remember_biases(AutogradContext* context, at::TensorList biases) {
  std::vector<std::vector<std::int64_t>> shapes;
  std::vector<bool> wanted;
  for (const at::Tensor& bias : biases) {
    shapes.push_back(bias.sizes().vec());
    wanted.push_back(bias.requires_grad());
  }
  context->saved_data["bias_shapes"] = shapes;
  context->saved_data["bias_wanted"] = wanted;
}

void append_bias_gradients(AutogradContext* context, const at::Tensor& grad_logits, variable_list& gradients) {
  const auto shapes = context->saved_data["bias_shapes"].to<std::vector<std::vector<std::int64_t>>>();
  const auto wanted = context->saved_data["bias_wanted"].to<std::vector<bool>>();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    gradients.push_back(wanted[i] ? grad_logits.sum_to_size(shapes[i]) : at::Tensor());
  }
}

class CoreFunction : public Function<CoreFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_in, const at::Tensor& k_in,
                            const at::Tensor& v_in, at::TensorList biases, double scale) {
    const at::Tensor q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
    const at::Tensor probability = probabilities(q, k, biases, scale);
    at::Tensor o = at::empty_like(q);
    multiply(flat(o), flat(probability), flat(v), 1);
    context->save_for_backward({q, k, v, probability});
    context->saved_data["scale"] = scale;
    remember_biases(context, biases);
    return o;
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    Gradients result{at::empty_like(saved[0]), at::empty_like(saved[1]), at::empty_like(saved[2]), {}};
    differentiate(result, output_gradients[0], saved[0], saved[1], saved[2], saved[3],
                  context->saved_data["scale"].toDouble());
    variable_list gradients{result.q, result.k, result.v};
    append_bias_gradients(context, result.logits, gradients);
    gradients.emplace_back();  // scale
    return gradients;
  }
};

class PackedCoreFunction : public Function<PackedCoreFunction> {
 public:
  // Gives [*, G, H, L, C].
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv, at::TensorList biases, double scale,
                            bool columns) {
    const at::Tensor packed = qkv.permute(order(qkv.dim(), columns)).contiguous();  // [3, *, G, H, L, C]
    const at::Tensor probability = probabilities(packed[0], packed[1], biases, scale);
    at::Tensor o = at::empty(packed.sizes().slice(1), packed.options());
    multiply(flat(o), flat(probability), flat(packed[2]), 1);
    context->save_for_backward({packed, probability});
    context->saved_data["scale"] = scale;
    context->saved_data["columns"] = columns;
    remember_biases(context, biases);
    return o;
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& packed = saved[0];
    at::Tensor grad_packed = at::empty_like(packed);
    Gradients result{grad_packed[0], grad_packed[1], grad_packed[2], {}};
    differentiate(result, output_gradients[0], packed[0], packed[1], packed[2], saved[1],
                  context->saved_data["scale"].toDouble());
    const std::vector<std::int64_t> forward_order = order(packed.dim(), context->saved_data["columns"].toBool());
    std::vector<std::int64_t> inverse(forward_order.size());
    for (std::size_t i = 0; i < forward_order.size(); ++i) {
      inverse[static_cast<std::size_t>(forward_order[i])] = static_cast<std::int64_t>(i);
    }
    variable_list gradients{grad_packed.permute(inverse)};
    append_bias_gradients(context, result.logits, gradients);
    gradients.resize(gradients.size() + 2);  // scale, columns
    return gradients;
  }

 private:
  // From [*, R, S, 3, H, C] to [3, *, R, H, S, C], or to [3, *, S, H, R, C].
  static std::vector<std::int64_t> order(std::int64_t dims, bool columns) {
    std::vector<std::int64_t> result{dims - 3};
    for (std::int64_t i = 0; i < dims - 5; ++i) result.push_back(i);
    const std::int64_t r = dims - 5, s = dims - 4;
    result.insert(result.end(), {columns ? s : r, dims - 2, columns ? r : s, dims - 1});
    return result;
  }
};

}  // namespace

at::Tensor attention_core(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const std::vector<at::Tensor>& biases, double scale) {
  return CoreFunction::apply(q, k, v, at::TensorList(biases), scale);
}

at::Tensor attention_core_packed(const at::Tensor& qkv, const std::vector<at::Tensor>& biases, double scale,
                                 bool columns) {
  const at::Tensor o = PackedCoreFunction::apply(qkv, at::TensorList(biases), scale, columns);
  if (!columns) return o.transpose(-2, -3);
  return o.movedim(-2, -4);  // [*, S, H, R, C] to [*, R, S, H, C]
}

}  // namespace foldperf::trainer
