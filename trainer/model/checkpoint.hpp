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

// Which blocks of a stack are computed again in the backward pass. The last ones keep their activations first: the
// backward pass frees these before it needs memory to compute the others again.
struct Checkpointing {
  std::int64_t blocks_per_checkpoint = 0;  // so many are recomputed together; 0 keeps all activations
  std::int64_t blocks_kept = 0;            // the last so many keep their activations all the same
};

// Runs the blocks in order.
std::vector<at::Tensor> run_blocks(const std::vector<CheckpointedBlock>& blocks, std::vector<at::Tensor> state,
                                   const Checkpointing& checkpointing);

// run_blocks for a stack of modules whose forward(m, z, more...) gives the updated m and z: a stack of Evoformer
// blocks.
template <typename Block, typename... More>
std::pair<at::Tensor, at::Tensor> run_blocks(const std::vector<Block>& stack, at::Tensor m, at::Tensor z,
                                             const Checkpointing& checkpointing, const More&... more) {
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
  state = run_blocks(blocks, std::move(state), checkpointing);
  return {state[0], state[1]};
}

}  // namespace foldperf::trainer
