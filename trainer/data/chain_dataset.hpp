// Chains to training samples, one at a time. May be used from several threads at once.
#pragma once

#include <vector>

#include "core/facts/facts.hpp"
#include "trainer/config/data_config.hpp"
#include "trainer/data/feature_pipeline.hpp"
#include "trainer/input/chain_catalog.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// One sample, as the model takes it, and what is told about it.
struct Batch {
  TensorDict features;    // [1, ..., passes]; names of OpenFold. Some are views: do not write into them
  facts::BatchFact fact;  // chain, sizes, preparation by stage (read, alignment, features, transforms), queue wait
  std::int64_t epoch = 0;
  std::int64_t position = 0;  // since the first epoch's start: the fact's step is the trainer's to set
};

class ChainDataset {
 public:
  ChainDataset(std::vector<ChainSource> chains, const DataConfig& config, DataMode mode);

  // Reads the chain's files and prepares it. Throws InputError for files that are missing or damaged.
  [[nodiscard]] Batch load(std::size_t chain, const SampleKey& sample) const;
  [[nodiscard]] std::size_t size() const { return chains_.size(); }
  [[nodiscard]] const ChainSource& chain(std::size_t index) const { return chains_.at(index); }

 private:
  std::vector<ChainSource> chains_;
  StructureOptions options_;
  SeqembModeConfig seqemb_mode_;
  FeaturePipeline pipeline_;
};

// The training chains of a configuration, and those for evaluation: val_data_dir's, or val_chains of train_data_dir, or
// the training chains themselves. Throws as find_chains; UsageError where train_data_dir is not set, or, in
// sequence-embedding mode, the folder of the embeddings.
ChainCatalog training_chains(const DataConfig& config);
ChainCatalog evaluation_chains(const DataConfig& config);

}  // namespace foldperf::trainer
