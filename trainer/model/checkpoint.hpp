// Activation checkpointing: only the inputs of a piece of the model are kept, and the piece is computed again in the
// backward pass (OpenFold: openfold/utils/checkpointing.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace torch::nn {
class Module;
}

namespace foldperf::trainer {

using CheckpointedFunction = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// function(inputs), with the same value and gradients as a plain call.
//
// `parameters` are the leaf tensors that the function uses besides its inputs; a parameter that is not listed gets no
// gradient. Random draws must go through RandomTape, as SharedDropout's do: the recomputation then sees the same. No
// generator state is read and nothing waits for the device, so it can be captured in a CUDA graph.
// Without grad mode, or when nothing requires a gradient, this is the plain call. Gradients of gradients are not
// supported.
std::vector<at::Tensor> checkpoint(CheckpointedFunction function, const std::vector<at::Tensor>& inputs,
                                   const std::vector<at::Tensor>& parameters);

// One block of a stack and the module that holds its parameters.
struct CheckpointedBlock {
  CheckpointedFunction function;
  const torch::nn::Module* module;
};

// Runs the blocks in order, `blocks_per_checkpoint` of them recomputed together; 0 keeps all activations.
std::vector<at::Tensor> run_blocks(const std::vector<CheckpointedBlock>& blocks, std::vector<at::Tensor> state,
                                   std::int64_t blocks_per_checkpoint);

// run_blocks for a stack of modules whose forward(m, z, more...) gives the updated m and z: a stack of Evoformer
// blocks.
template <typename Block, typename... More>
std::pair<at::Tensor, at::Tensor> run_blocks(const std::vector<Block>& stack, at::Tensor m, at::Tensor z,
                                             std::int64_t blocks_per_checkpoint, const More&... more) {
  std::vector<CheckpointedBlock> blocks;
  for (Block block : stack) {
    blocks.push_back({[block, more...](const std::vector<at::Tensor>& state) mutable {
                        auto [m_out, z_out] = block->forward(state[0], state[1], more...);
                        return std::vector<at::Tensor>{m_out, z_out};
                      },
                      block.get()});
  }
  // Not as an initialiser list: that would keep the stack's input in memory until its end.
  std::vector<at::Tensor> state(2);
  state[0] = std::move(m);
  state[1] = std::move(z);
  state = run_blocks(blocks, std::move(state), blocks_per_checkpoint);
  return {state[0], state[1]};
}

}  // namespace foldperf::trainer
