#include "trainer/memory/meta_kernels.hpp"

#include <ATen/ExpandUtils.h>
#include <torch/library.h>
#include <torch/torch.h>

#include <array>
#include <string>
#include <tuple>
#include <vector>

namespace foldperf::trainer {

namespace {

using OptionalTensor = std::optional<at::Tensor>;

// Statistics of the CUDA operators are float32 for half precision.
at::ScalarType statistics_type(const at::Tensor& input) {
  const auto type = input.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? at::kFloat : type;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> layer_norm(const at::Tensor& input, c10::SymIntArrayRef normalized,
                                                          const OptionalTensor&, const OptionalTensor&, double) {
  std::vector<std::int64_t> shape = input.sizes().vec();
  const auto kept = shape.size() - normalized.size();
  for (std::size_t i = kept; i < shape.size(); ++i) shape[i] = 1;
  const at::TensorOptions statistics = input.options().dtype(statistics_type(input));
  at::Tensor output = at::empty_like(input, at::MemoryFormat::Contiguous);
  at::Tensor mean = at::empty(shape, statistics), reciprocal = at::empty(shape, statistics);
  return {output, mean, reciprocal};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> layer_norm_backward(const at::Tensor&, const at::Tensor& input,
                                                                   c10::SymIntArrayRef, const at::Tensor&,
                                                                   const at::Tensor&, const OptionalTensor& weight,
                                                                   const OptionalTensor& bias,
                                                                   std::array<bool, 3> wanted) {
  const auto like = [](const OptionalTensor& tensor, bool is_wanted) {
    return is_wanted && tensor && tensor->defined() ? at::empty_like(*tensor, at::MemoryFormat::Contiguous)
                                                    : at::Tensor();
  };
  return {wanted[0] ? at::empty_like(input, at::MemoryFormat::Contiguous) : at::Tensor(), like(weight, wanted[1]),
          like(bias, wanted[2])};
}

at::Tensor index_select(const at::Tensor& input, std::int64_t dim, const at::Tensor& index) {
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.at(static_cast<std::size_t>(at::maybe_wrap_dim(dim, input.dim()))) = index.numel();
  return at::empty(shape, input.options());
}

at::Tensor where(const at::Tensor& condition, const at::Tensor& a, const at::Tensor& b) {
  const std::vector<std::int64_t> values = at::infer_size(a.sizes(), b.sizes());
  return at::empty(at::infer_size(condition.sizes(), values), a.options().dtype(at::result_type(a, b)));
}

// abs, relu.
at::Tensor of_each(const at::Tensor& input) { return at::empty_like(input); }

at::Tensor logical_not(const at::Tensor& input) { return at::empty_like(input, input.options().dtype(at::kBool)); }

at::Tensor logical_of_two(const at::Tensor& a, const at::Tensor& b) {
  return at::empty(at::infer_size(a.sizes(), b.sizes()), a.options().dtype(at::kBool));
}

at::Tensor& logical_not_in_place(at::Tensor& input) { return input; }
at::Tensor& logical_of_two_in_place(at::Tensor& a, const at::Tensor&) { return a; }

// The buffer is for the CPU.
std::tuple<at::Tensor, at::Tensor> log_sigmoid(const at::Tensor& input) {
  return {at::empty_like(input), at::empty({0}, input.options())};
}
at::Tensor log_sigmoid_backward(const at::Tensor& gradient, const at::Tensor&, const at::Tensor&) {
  return at::empty_like(gradient);
}

at::Tensor glu_backward(const at::Tensor&, const at::Tensor& input, std::int64_t) { return at::empty_like(input); }

at::Tensor embedding_backward(const at::Tensor& gradient, const at::Tensor&, c10::SymInt rows, c10::SymInt, bool) {
  return at::empty({rows.expect_int(), gradient.size(-1)}, gradient.options());
}

// min, max of all elements.
at::Tensor of_all(const at::Tensor& input) { return at::empty({}, input.options()); }

at::Tensor nansum(const at::Tensor& input, at::OptionalIntArrayRef dims, bool keep,
                  std::optional<at::ScalarType> type) {
  return at::sum(input, dims, keep, type);
}

using OptionalNumber = std::optional<double>;
at::Tensor nan_to_num(const at::Tensor& input, OptionalNumber, OptionalNumber, OptionalNumber) {
  return at::empty_like(input);
}
at::Tensor& nan_to_num_in_place(at::Tensor& input, OptionalNumber, OptionalNumber, OptionalNumber) { return input; }

at::Tensor bucketize(const at::Tensor& input, const at::Tensor&, bool as_int32, bool) {
  return at::empty(input.sizes(), input.options().dtype(as_int32 ? at::kInt : at::kLong));
}

void fused_adam(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList, double,
                double, double, double, double, bool, bool, const OptionalTensor&, const OptionalTensor&) {}

void fused_adam_with_tensor(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                            at::TensorList, const at::Tensor&, double, double, double, double, bool, bool,
                            const OptionalTensor&, const OptionalTensor&) {}

}  // namespace

void register_meta_kernels() {
  static torch::Library& library =
      *new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  static const bool registered = [] {
    library.impl("native_layer_norm", TORCH_FN(layer_norm));
    library.impl("native_layer_norm_backward", TORCH_FN(layer_norm_backward));
    library.impl("index_select", TORCH_FN(index_select));
    library.impl("where.self", TORCH_FN(where));
    library.impl("abs", TORCH_FN(of_each));
    library.impl("relu", TORCH_FN(of_each));
    library.impl("isnan", TORCH_FN(logical_not));
    library.impl("logical_not", TORCH_FN(logical_not));
    library.impl("logical_not_", TORCH_FN(logical_not_in_place));
    for (const char* name : {"logical_and", "logical_or", "logical_xor"}) {
      library.impl(name, TORCH_FN(logical_of_two));
      library.impl((std::string(name) + "_").c_str(), TORCH_FN(logical_of_two_in_place));
    }
    library.impl("log_sigmoid_forward", TORCH_FN(log_sigmoid));
    library.impl("log_sigmoid_backward", TORCH_FN(log_sigmoid_backward));
    library.impl("nansum", TORCH_FN(nansum));
    library.impl("nan_to_num", TORCH_FN(nan_to_num));
    library.impl("nan_to_num_", TORCH_FN(nan_to_num_in_place));
    library.impl("glu_backward", TORCH_FN(glu_backward));
    library.impl("embedding_dense_backward", TORCH_FN(embedding_backward));
    library.impl("min", TORCH_FN(of_all));
    library.impl("max", TORCH_FN(of_all));
    library.impl("bucketize.Tensor", TORCH_FN(bucketize));
    library.impl("_fused_adam_", TORCH_FN(fused_adam));
    library.impl("_fused_adam_.tensor_lr", TORCH_FN(fused_adam_with_tensor));
    return true;
  }();
  (void)registered;
}

}  // namespace foldperf::trainer
