// What predict and evaluate write beside structures: tables and JSON.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "trainer/predict/chain_scores.hpp"

namespace foldperf::trainer {

// Columns of scores after those of chain and length, in the order of tables.
struct ScoreColumn {
  const char* name;   // of ChainMetrics::values, and in files
  const char* title;  // for people
  int decimals;
};
const std::vector<ScoreColumn>& score_columns();

// "chain\tresidues\tlddt_ca...\tseconds\terror", and a chain's line ("mean" for the mean). Scores that are not known
// are empty.
std::string scores_tsv(const std::vector<ChainMetrics>& chains);

// The table with what the file holds of other chains before. Throws UsageError where that is another kind of file.
std::string added_scores_tsv(const std::filesystem::path& file, const std::vector<ChainMetrics>& chains);

// A line of a table for people: its head, and one for a chain. `name_width`: of the longest chain's name.
std::string table_head(std::size_t name_width);
std::string table_line(const ChainMetrics& chain, std::size_t name_width);
std::size_t name_width(const std::vector<std::string>& names);

// {"chain": ..., "residues": ..., "lddt_ca": ..., ...}; not finite is null. Without a chain's name that of the mean.
nlohmann::ordered_json scores_json(const ChainMetrics& chain);

// Writes a file whole or not at all. Throws SystemError.
void write_file_whole(const std::filesystem::path& file, const std::string& text);
// Throws SystemError.
void make_output_folder(const std::filesystem::path& folder);

}  // namespace foldperf::trainer
