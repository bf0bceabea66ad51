// Chains with the same sequence, of which only one has alignments: OpenProteinSet's duplicate_pdb_chains.txt.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/alignment_store.hpp"

namespace foldperf::trainer {

// A list of chains a line, all of the same sequence, separated by blanks; lines with one chain and empty ones say
// nothing. Throws InputError, with the line, for a character that no name has, a chain that stands in two lines, and
// for a file without any chain.
using DuplicateChains = std::vector<std::vector<std::string>>;
DuplicateChains parse_duplicate_chains(std::string_view text, const std::string& path);
DuplicateChains read_duplicate_chains(const std::filesystem::path& file);  // also .gz

// A store in which a chain without files of its own has those of the first one of its line that has some.
std::unique_ptr<AlignmentStore> share_alignments(std::unique_ptr<AlignmentStore> store,
                                                 const DuplicateChains& duplicates);

}  // namespace foldperf::trainer
