#include "trainer/model/kept_blocks.hpp"

#include <algorithm>

namespace foldperf::trainer {

namespace {

struct StackBlocks {
  std::int64_t evoformer, template_pair, extra_msa;
};

StackBlocks blocks_of(const ModelConfig& config) {
  return {.evoformer = config.evoformer_stack.no_blocks,
          .template_pair = config.template_.enabled ? config.template_.template_pair_stack.no_blocks : 0,
          .extra_msa = config.extra_msa.enabled ? config.extra_msa.extra_msa_stack.no_blocks : 0};
}

}  // namespace

StackCheckpointing share_kept_blocks(const ModelConfig& config) {
  std::int64_t left = config.blocks_kept;
  const auto share = [&](std::int64_t blocks) {
    const std::int64_t kept = std::min(left, blocks);
    left -= kept;
    return Checkpointing{.blocks_per_checkpoint = config.blocks_per_checkpoint, .blocks_kept = kept};
  };
  const StackBlocks blocks = blocks_of(config);
  StackCheckpointing shares;
  shares.evoformer = share(blocks.evoformer);
  shares.template_pair = share(blocks.template_pair);
  shares.extra_msa = share(blocks.extra_msa);
  return shares;
}

std::int64_t stack_blocks(const ModelConfig& config) {
  const StackBlocks blocks = blocks_of(config);
  return blocks.evoformer + blocks.template_pair + blocks.extra_msa;
}

}  // namespace foldperf::trainer
