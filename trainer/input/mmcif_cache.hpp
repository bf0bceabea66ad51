// What is known of each PDB entry before it is read: the JSON file of OpenFold's scripts/generate_mmcif_cache.py, for
// the release dates of templates and for multimers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trainer/input/cluster_file.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

struct EntryData {
  std::string release_date;  // YYYY-MM-DD; empty where unknown
  std::vector<std::string> chain_ids;
  std::vector<std::string> sequences;       // of each chain
  std::vector<std::int64_t> cluster_sizes;  // of each chain, -1 for one in no cluster; empty where not in the file
  std::optional<double> resolution;         // Angstrom; 0 for methods without one
};

// By the entry's name (1ubi).
using MmcifCache = std::map<std::string, EntryData, std::less<>>;

// As parse_chain_data_cache. Files that hold release dates only are read too (their entries have no chains). Throws
// InputError also where chain_ids, seqs, cluster_sizes and no_chains differ in length.
MmcifCache parse_mmcif_cache(const std::string& text, const std::string& path);
MmcifCache read_mmcif_cache(const std::filesystem::path& file);  // also .gz

// Release dates by the entry's name in capitals, for all entries that have one.
std::map<std::string, std::string> release_dates(const MmcifCache& cache);

// Entries without protein chains are passed over.
void add_entry_data(MmcifCache& cache, const StructureEntry& entry, const ClusterSizes* clusters = nullptr);
MmcifCache make_mmcif_cache(std::span<const StructureEntry> entries, const ClusterSizes* clusters = nullptr);

// The same JSON as OpenFold's script writes, chains sorted by id. The file appears when it is complete. Throws
// SystemError.
void write_mmcif_cache(const MmcifCache& cache, const std::filesystem::path& file);

}  // namespace foldperf::trainer
