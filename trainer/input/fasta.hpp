// Sequences to be predicted: FASTA.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

struct FastaRecord {
  // First word of the header, fit to be a file's name: characters other than letters, digits, '.', '-' and '_' (and '.'
  // at the front) become '_', so that sp|P69905|HBA_HUMAN is sp_P69905_HBA_HUMAN.
  std::string name;
  std::string sequence;  // letters in capitals; those that are no amino acid stand for an unknown one
};

// Blanks and a '*' at a sequence's end are passed over. Throws InputError with the line for text before the first
// header, a header without a name or with more than 200 characters in it, a name that an earlier record has, a record
// without residues and a character that is no letter; and for a text without records.
std::vector<FastaRecord> parse_fasta(std::string_view text, const std::string& path);
std::vector<FastaRecord> read_fasta(const std::filesystem::path& file);  // also .gz

}  // namespace foldperf::trainer
