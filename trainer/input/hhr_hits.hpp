// Template hits as HHsearch and HHblits write them: .hhr files (openfold/data/parsers.py: parse_hhr).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// One hit: two aligned rows of equal length and where each of their columns lies in the sequence the row is cut from.
struct TemplateHit {
  int index = 0;                            // from 1, in the file's order
  std::string name;                         // header without '>': "1HF9_B ATPASE INHIBITOR ..."
  int aligned_cols = 0;                     // columns where the profiles of both match
  double sum_probs = 0;                     // sum of the posterior probabilities of these columns
  std::string query;                        // 'A' to 'Z' and '-'
  std::string hit_sequence;                 // as query
  std::vector<std::int32_t> indices_query;  // from 0; -1 at a gap
  std::vector<std::int32_t> indices_hit;
};

// The hits of a whole file; none where its table is empty. `path` is only for messages.
//
// Throws InputError with the line for a text that does not start as an hhr file does, a hit that is cut or lacks a
// part, a row whose letters do not fit its first and last position, and hits that the file's table names but that do
// not follow (unless its command limits how many alignments are written: -b, -B).
std::vector<TemplateHit> parse_hhr(std::string_view text, const std::string& path);

}  // namespace foldperf::trainer
