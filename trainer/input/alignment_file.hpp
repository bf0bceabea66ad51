// What the files of a chain's alignments are, by their names, as OpenFold's alignment tools leave them.
#pragma once

#include <string>
#include <string_view>

#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {

// With or without .gz.
enum class AlignmentFileKind {
  alignment,      // *.a3m and *.sto of a monomer
  template_hits,  // *.hhr
  other,  // uniprot_hits.sto (paired alignments of multimers), hmm_output.sto (their template hits), and the rest
};
AlignmentFileKind alignment_file_kind(std::string_view name);

// Parses the text of a file by its name (a3m, else Stockholm); `path` is for messages. Throws InputError as the parsers
// do.
Alignment parse_alignment_text(std::string_view text, std::string_view name, const std::string& path);

}  // namespace foldperf::trainer
