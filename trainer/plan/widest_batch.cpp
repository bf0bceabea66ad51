#include "trainer/plan/widest_batch.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <string>

#include "trainer/data/expand_sample.hpp"
#include "trainer/data/raw_features.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t default_length = 256;  // where neither the crop nor the caller says how long a chain is

DataModeConfig& mode_of(DataConfig& config, DataMode mode) {
  if (mode == DataMode::train) return config.train;
  return mode == DataMode::eval ? config.eval : config.predict;
}

TensorDict template_rows(std::int64_t templates, std::int64_t length) {
  at::Tensor types = torch::zeros({templates, length, 22}, torch::kInt64);
  types.select(-1, 0).fill_(1);
  return {{"template_aatype", types},
          {"template_all_atom_positions", torch::zeros({templates, length, atom37_count, 3})},
          {"template_all_atom_mask", torch::ones({templates, length, atom37_count})},
          {"template_sum_probs", torch::ones({templates, 1})}};
}

TensorDict made_up_chain(const DataConfig& config, const DataModeConfig& mode, std::int64_t length) {
  ProteinChain chain;
  chain.sequence.assign(static_cast<std::size_t>(length), 'A');
  const auto atoms = static_cast<std::size_t>(length) * atom37_count;
  chain.atom_positions.assign(atoms * 3, 0);
  chain.atom_mask.assign(atoms, 1);
  chain.is_missing.assign(static_cast<std::size_t>(length), 0);
  chain.resolution = 2;
  TensorDict raw = structure_features(chain);
  // Rows that block deletion or the templates' share do not take away are those of the extra stack.
  const std::int64_t rows = config.seqemb_mode.enabled ? 1 : mode.max_msa_clusters + mode.max_extra_msa;
  raw["msa"] = torch::randint(0, 20, {rows, length}, torch::kUInt8);
  raw["deletion_matrix_int"] = torch::zeros({rows, length}, torch::kInt16);
  raw["num_alignments"] = torch::full({length}, rows, torch::kInt32);
  if (config.seqemb_mode.enabled) {
    raw["seq_embedding"] = torch::zeros({length, config.seqemb_mode.preembedding_dim});
  }
  if (config.common.use_templates && mode.max_templates > 0) {
    for (const auto& [name, tensor] : template_rows(mode.max_templates, length)) raw[name] = tensor;
  }
  return raw;
}

}  // namespace

TrainingBatch widest_batch(const DataConfig& given, DataMode mode, std::int64_t passes, std::int64_t length) {
  DataConfig config = given;
  DataModeConfig& mode_config = mode_of(config, mode);
  config.common.max_recycling_iters = passes - 1;
  mode_config.uniform_recycling = false;
  mode_config.block_delete_msa = false;
  mode_config.subsample_templates = false;
  if (length <= 0) length = mode_config.crop_size > 0 ? mode_config.crop_size : default_length;
  const FeaturePipeline pipeline(config, mode);
  const CompactSample sample = pipeline.compact(pipeline.fixed_transforms(made_up_chain(config, mode_config, length)),
                                                SampleKey{.seed = 1, .epoch = 0, .index = 0});
  TrainingBatch batch;
  batch.features = expand(sample, at::kMeta);
  batch.about.chain = "widest";
  batch.about.length = length;
  return batch;
}

}  // namespace foldperf::trainer
