// The chains of a set as raw features, kept in memory as far as a limit allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/chain_set.hpp"
#include "trainer/feed/chain_cache.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// What a chain's files hold; the same at every sample.
struct ParsedChain {
  TensorDict raw;  // structure_features and those of its alignments or embedding; no templates
  std::string sequence;
  std::vector<TemplateHit> hits;
  std::int64_t alignment_depth = 0;
};

// By stage ("read", "alignment"), added to what is there.
using StageTimes = std::map<std::string, std::int64_t>;

// Thread safety: const functions may be called from any thread.
class ChainReader {
 public:
  // `embedding_width`: channels that an embedding must have.
  ChainReader(ChainSet set, std::int64_t embedding_width, std::size_t cache_bytes);

  // Throws InputError for files that are missing or damaged.
  [[nodiscard]] std::shared_ptr<const ParsedChain> read(std::size_t chain, StageTimes& nanoseconds) const;
  [[nodiscard]] const ChainSet& set() const { return set_; }
  [[nodiscard]] CacheStatistics cache_statistics() const { return cache_.statistics(); }

 private:
  [[nodiscard]] std::shared_ptr<const ParsedChain> parse(const ChainSource& source, StageTimes& nanoseconds) const;
  [[nodiscard]] std::filesystem::path embedding_folder(const ChainSource& source) const;

  ChainSet set_;
  std::int64_t embedding_width_;
  mutable ChainCache<ParsedChain, std::size_t> cache_;  // by the chain's place in the catalogue
};

}  // namespace foldperf::trainer
