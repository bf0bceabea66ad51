// The alignments of one chain, as OpenFold's alignment tools leave them: a folder of .a3m and .sto files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/data/alignment.hpp"
#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// The files of a folder that belong to a monomer's alignment, sorted by name: *.a3m and *.sto, also as .gz, without
// uniprot_hits.sto (paired alignments of multimers) and hmm_output.sto (template hits).
std::vector<std::filesystem::path> alignment_files(const std::filesystem::path& folder);

// Reads one file by its extension. Throws InputError as the parsers do.
Alignment read_alignment(const std::filesystem::path& file);

// Raw features of alignments in this order, each distinct aligned sequence once, the first one winning (openfold
// data_pipeline.make_msa_features): msa [n, L] int32 in HHblits' order, deletion_matrix_int [n, L] int32,
// num_alignments [L] int32. All alignments must have the same width (L).
TensorDict merge_alignments(const std::vector<Alignment>& alignments);

// Raw alignment features of a chain. Where `folder` is empty, does not exist or has no alignment file, the chain's own
// sequence is its alignment. Throws InputError where an alignment is not of a sequence of this length.
TensorDict chain_alignment_features(const std::filesystem::path& folder, const std::string& sequence);

}  // namespace foldperf::trainer
