// Which stacks of the model keep activations when there is memory for some of them (model.blocks_kept).
#pragma once

#include <cstdint>

#include "trainer/config/model_config.hpp"
#include "trainer/model/checkpoint.hpp"

namespace foldperf::trainer {

struct StackCheckpointing {
  Checkpointing evoformer, template_pair, extra_msa;
};

// Evoformer blocks come first: what they keep is free again before the backward pass comes to the extra MSA stack, one
// of whose blocks, recomputed, takes more memory than one of theirs keeps. Then the template pair stack, then the
// extra MSA stack, which saves the least time for the memory it keeps.
StackCheckpointing share_kept_blocks(const ModelConfig& config);

// Blocks of all stacks that the model has: from this blocks_kept on nothing is recomputed.
std::int64_t stack_blocks(const ModelConfig& config);

}  // namespace foldperf::trainer
