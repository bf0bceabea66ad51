// Which protein chains there are to train on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trainer/input/alignment_store.hpp"
#include "trainer/input/chain_filters.hpp"
#include "trainer/input/structure_store.hpp"

namespace foldperf::trainer {

struct ChainSource {
  std::string name;         // 1ubi_A: that of its alignments
  std::string entry;        // 1ubi: that of its structure in the store
  std::string chain;        // A
  std::int64_t length = 0;  // residues
  double probability = 1;   // with which a draw of it is kept: above 0, at most 1
};

struct SkippedEntry {
  std::filesystem::path structure;
  std::string reason;
};

struct ChainCatalog {
  std::vector<ChainSource> chains;    // sorted by name, or in the order asked for
  std::vector<SkippedEntry> skipped;  // entries without a protein chain: to be reported
  std::vector<std::string> notes;     // sentences on what was left out and why, one a reason: to be reported
};

struct ChainSelection {
  std::vector<std::string> wanted;  // chains (1ubi_A) or entries (1ubi: all their chains); empty for all
  // Chains not in this list are out.
  std::optional<std::vector<std::string>> included;
  // With it no structure is read: it says which chains there are and how long they are, and the filters are applied.
  const ChainDataCache* cache = nullptr;
  ChainFilterOptions filters;
};

// Without a cache: the protein chains of the structures, all of which are read. A chain needs no alignment.
//
// With a cache: those of its chains that the filters keep, have a structure and, where `alignments` is given, an
// alignment; `probability` is keep_probability. How many each reason leaves out is noted.
//
// A chain of a structure file in capitals (1UBI.cif) is also found by its entry's name in small letters, and then
// called so (1ubi_A).
//
// Throws InputError for a wanted entry or chain that has no structure, a file that is damaged (where files are read),
// and where no chain is left; UsageError as filter_chains does.
ChainCatalog find_chains(const StructureStore& structures, const AlignmentStore* alignments,
                         const ChainSelection& selection, const StructureOptions& options = {});

}  // namespace foldperf::trainer
