// Chains to samples, one at a time. May be used from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/facts/facts.hpp"
#include "trainer/config/data_config.hpp"
#include "trainer/data/chain_reader.hpp"
#include "trainer/data/chain_set.hpp"
#include "trainer/data/compact_sample.hpp"
#include "trainer/data/feature_pipeline.hpp"

namespace foldperf::trainer {

// One sample as a worker leaves it, and what is told about it.
struct Batch {
  CompactSample sample;
  // Chain, sizes, preparation by stage (read, alignment, templates, features, transforms), queue wait.
  facts::BatchFact fact;
  std::int64_t epoch = 0;
  std::int64_t position = 0;  // since the first epoch's start: the fact's step is the trainer's to set
};

class ChainDataset {
 public:
  ChainDataset(std::vector<ChainSet> sets, const DataConfig& config, DataMode mode);

  // Reads the chain's files, where they are not in memory, and prepares it. Throws InputError for files that are
  // missing or damaged.
  [[nodiscard]] Batch load(std::size_t set, std::size_t chain, const SampleKey& sample) const;

  // The features as they come from the files, with the templates drawn for `sample`.
  [[nodiscard]] TensorDict raw_features(std::size_t set, std::size_t chain, const SampleKey& sample) const;

  // What a chain's files hold. Throws as load.
  [[nodiscard]] std::shared_ptr<const ParsedChain> parsed(std::size_t set, std::size_t chain) const;

  [[nodiscard]] std::size_t sets() const { return readers_.size(); }
  [[nodiscard]] const ChainSet& set(std::size_t number) const { return readers_.at(number)->set(); }
  [[nodiscard]] std::size_t size() const;  // chains of all sets
  [[nodiscard]] const FeaturePipeline& pipeline() const { return pipeline_; }
  // What was found in memory: "parsed chains: 812 of 1000 found in memory, ..."; empty where nothing is kept.
  [[nodiscard]] std::string cache_summary() const;

 private:
  // A chain's raw features with its templates.
  [[nodiscard]] TensorDict with_templates(const ParsedChain& chain, const ChainSet& set, const SampleKey& sample) const;

  DataModeConfig mode_config_;
  std::vector<std::unique_ptr<const ChainReader>> readers_;
  FeaturePipeline pipeline_;
};

}  // namespace foldperf::trainer
