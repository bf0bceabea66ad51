// Which protein chains there are to train on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

struct ChainSource {
  std::string name;   // 1ubi_A
  std::string chain;  // A
  std::filesystem::path structure;
  std::filesystem::path alignments;  // folder; need not exist
  std::int64_t length = 0;           // residues
};

struct SkippedEntry {
  std::filesystem::path structure;
  std::string reason;
};

struct ChainCatalog {
  std::vector<ChainSource> chains;    // sorted by name, or in the order asked for
  std::vector<SkippedEntry> skipped;  // entries without a protein chain: to be reported
};

// The protein chains of the structure files in a folder (not in its subfolders); of an entry that is there in several
// formats the mmCIF file counts. `wanted` names chains (1ubi_A) or entries (1ubi: all their chains); empty means all.
// The alignments of a chain are in <alignment_dir>/<chain name>, or <alignment_dir>/<entry> where that is a folder.
//
// Throws InputError for a folder that is missing or holds no structure file, a file that is damaged, a wanted entry or
// chain that is not there, and where no protein chain is left.
ChainCatalog find_chains(const std::filesystem::path& data_dir, const std::filesystem::path& alignment_dir,
                         const std::vector<std::string>& wanted, const StructureOptions& options = {});

}  // namespace foldperf::trainer
