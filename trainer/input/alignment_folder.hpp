// The alignments of one chain, as OpenFold's alignment tools leave them: a folder of .a3m and .sto files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {

// What a file is by its name (with or without .gz).
enum class AlignmentFileKind {
  alignment,      // *.a3m and *.sto of a monomer
  template_hits,  // *.hhr
  other,  // uniprot_hits.sto (paired alignments of multimers), hmm_output.sto (their template hits), and the rest
};
AlignmentFileKind alignment_file_kind(std::string_view name);

// The alignments of a folder, sorted by name.
std::vector<std::filesystem::path> alignment_files(const std::filesystem::path& folder);

// Reads one file by its extension. Throws InputError as the parsers do.
Alignment read_alignment(const std::filesystem::path& file);
// As read_alignment, from text in memory; `path` is for messages.
Alignment parse_alignment_text(std::string_view text, std::string_view name, const std::string& path);

}  // namespace foldperf::trainer
