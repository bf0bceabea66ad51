// The alignments of one chain, as OpenFold's alignment tools leave them: a folder of .a3m and .sto files.
#pragma once

#include <filesystem>
#include <vector>

#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {

// The files of a folder that belong to a monomer's alignment, sorted by name: *.a3m and *.sto, also as .gz, without
// uniprot_hits.sto (paired alignments of multimers) and hmm_output.sto (template hits).
std::vector<std::filesystem::path> alignment_files(const std::filesystem::path& folder);

// Reads one file by its extension. Throws InputError as the parsers do.
Alignment read_alignment(const std::filesystem::path& file);

}  // namespace foldperf::trainer
