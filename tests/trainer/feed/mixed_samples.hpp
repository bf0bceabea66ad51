// Samples as training has them, for tests of what prepares them in threads: real files of every format, small and
// large, read through the stores and the cache that workers share; among them a chain of 5,000 residues, an alignment
// of 50,000 rows, and two chains that cannot be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "trainer/feed/chain_cache.hpp"
#include "trainer/feed/sample_order.hpp"
#include "trainer/input/alignment_store.hpp"
#include "trainer/input/structure_store.hpp"

namespace foldperf::trainer {

// What a sample is made of, small enough to keep a thousand of them.
struct MixedSample {
  std::string entry;
  std::size_t residues = 0;   // of the chain
  std::size_t rows = 0;       // of its alignment
  std::size_t templates = 0;  // found by its hits
  std::uint64_t digest = 0;   // of a crop of all that was read

  bool operator==(const MixedSample&) const = default;
};

class MixedFiles {
 public:
  MixedFiles();  // copies and makes the files

  [[nodiscard]] std::size_t chains() const { return chains_.size(); }
  // Of its preparation, in proportion; above 1 for the long chain and the deep alignment.
  [[nodiscard]] double cost(std::size_t chain) const { return chains_[chain].cost; }
  [[nodiscard]] bool is_unreadable(std::size_t chain) const { return chains_[chain].is_unreadable; }
  // Reads the chain's files and draws a crop. May be called by many threads at once. Throws InputError for the chains
  // that cannot be read.
  [[nodiscard]] MixedSample prepare(const SamplePlace& place);
  [[nodiscard]] CacheStatistics cache_statistics() const { return cache_.statistics(); }

 private:
  struct Chain {
    std::string entry;
    std::string alignments;  // under which name
    double cost = 1;
    bool is_unreadable = false;
  };
  void make_structures() const;
  void make_alignments() const;
  std::shared_ptr<const StructureEntry> structure(const std::string& entry, const StructureStore& store);

  testing::TemporaryFolder folder_;
  std::vector<Chain> chains_;
  std::unique_ptr<StructureStore> structures_;  // a folder
  std::unique_ptr<StructureStore> archive_;     // the same files
  std::unique_ptr<AlignmentStore> alignments_;  // a folder a chain
  std::unique_ptr<AlignmentStore> database_;    // the same small ones, joined
  ChainCache<StructureEntry> cache_;
};

}  // namespace foldperf::trainer
