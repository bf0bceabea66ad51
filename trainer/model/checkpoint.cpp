#include "trainer/model/checkpoint.hpp"

#include <torch/torch.h>

#include <algorithm>

#include "trainer/model/random_tape.hpp"

namespace foldperf::trainer {

namespace {

using Tensors = std::vector<at::Tensor>;

// What the backward pass needs to compute the piece again.
struct Piece : torch::CustomClassHolder {
  CheckpointedFunction function;
  Tensors parameters;
  RandomTape tape;
};

class CheckpointFunction : public torch::autograd::Function<CheckpointFunction> {
 public:
  // `parameters` are arguments only so that autograd routes gradients to them.
  static Tensors forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Piece>& piece,
                         at::TensorList inputs, at::TensorList parameters) {
    piece->parameters = parameters.vec();
    context->saved_data["piece"] = c10::IValue::make_capsule(piece);
    context->save_for_backward(inputs.vec());
    context->set_materialize_grads(false);
    const RandomTape::Scope scope(piece->tape, RandomTape::Scope::Mode::record);
    return piece->function(inputs.vec());
  }

  static Tensors backward(torch::autograd::AutogradContext* context, Tensors output_gradients) {
    const auto piece = c10::static_intrusive_pointer_cast<Piece>(context->saved_data["piece"].toCapsule());
    Tensors inputs = context->get_saved_variables();
    Tensors wanted;
    for (at::Tensor& input : inputs) {
      const bool differentiable = input.requires_grad();
      input = input.detach();
      if (differentiable) wanted.push_back(input.set_requires_grad(true));
    }
    for (const at::Tensor& parameter : piece->parameters) {
      if (parameter.requires_grad()) wanted.push_back(parameter);
    }

    Tensors outputs;
    {
      const torch::AutoGradMode grad_mode(true);
      const RandomTape::Scope scope(piece->tape, RandomTape::Scope::Mode::replay);
      outputs = piece->function(inputs);
    }
    Tensors roots, root_gradients;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].requires_grad() || !output_gradients[i].defined()) continue;
      roots.push_back(outputs[i]);
      root_gradients.push_back(output_gradients[i]);
    }
    Tensors found(wanted.size());
    if (!roots.empty()) {
      found = torch::autograd::grad(roots, wanted, root_gradients, /*retain_graph=*/std::nullopt,
                                    /*create_graph=*/false, /*allow_unused=*/true);
    }

    Tensors gradients;
    gradients.emplace_back();  // of the piece
    std::size_t next = 0;
    for (const at::Tensor& input : inputs) gradients.push_back(input.requires_grad() ? found[next++] : at::Tensor());
    for (const at::Tensor& parameter : piece->parameters) {
      gradients.push_back(parameter.requires_grad() ? found[next++] : at::Tensor());
    }
    return gradients;
  }
};

}  // namespace

Tensors checkpoint(CheckpointedFunction function, const Tensors& inputs, const Tensors& parameters) {
  const auto differentiable = [](const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); };
  if (!torch::GradMode::is_enabled() || !(std::any_of(inputs.begin(), inputs.end(), differentiable) ||
                                          std::any_of(parameters.begin(), parameters.end(), differentiable))) {
    return function(inputs);
  }
  auto piece = c10::make_intrusive<Piece>();
  piece->function = std::move(function);
  return CheckpointFunction::apply(piece, at::TensorList(inputs), at::TensorList(parameters));
}

Tensors run_blocks(const std::vector<CheckpointedBlock>& blocks, Tensors state, const Checkpointing& checkpointing) {
  const bool recompute = checkpointing.blocks_per_checkpoint > 0 && torch::GradMode::is_enabled();
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(0, checkpointing.blocks_kept));
  const std::size_t recomputed = recompute && kept < blocks.size() ? blocks.size() - kept : 0;
  const auto group_size = static_cast<std::size_t>(std::max<std::int64_t>(1, checkpointing.blocks_per_checkpoint));
  for (std::size_t begin = 0; begin < recomputed; begin += group_size) {
    const auto first = blocks.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = blocks.begin() + static_cast<std::ptrdiff_t>(std::min(begin + group_size, recomputed));
    std::vector<CheckpointedFunction> group;
    Tensors parameters;
    for (auto block = first; block != last; ++block) {
      group.push_back(block->function);
      const Tensors own = block->module->parameters();
      parameters.insert(parameters.end(), own.begin(), own.end());
    }
    state = checkpoint(
        [group](Tensors tensors) {
          for (const CheckpointedFunction& function : group) tensors = function(tensors);
          return tensors;
        },
        state, parameters);
  }
  for (std::size_t i = recomputed; i < blocks.size(); ++i) state = blocks[i].function(state);
  return state;
}

}  // namespace foldperf::trainer
