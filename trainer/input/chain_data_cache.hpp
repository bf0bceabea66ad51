// What is known of each chain before its structure is read: the JSON file of OpenFold's
// scripts/generate_chain_data_cache.py, which the filters of training use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "trainer/input/cluster_file.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

struct ChainData {
  std::string release_date;                  // YYYY-MM-DD; empty where unknown (predictions)
  std::string sequence;                      // one-letter codes, never empty
  std::optional<double> resolution;          // Angstrom; 0 for methods without one (NMR, predictions)
  std::optional<std::int64_t> cluster_size;  // chains in its cluster; -1 for a chain in no cluster
};

// By the chain's name (1ubi_A), so that the order does not depend on which worker wrote an entry first.
using ChainDataCache = std::map<std::string, ChainData, std::less<>>;

// Other fields are passed over; of a chain that is there twice the last entry counts, as in Python. A file of 200 MB is
// read in seconds, with its text and the result in memory. Throws InputError naming file, chain and field for what is
// no such JSON, a missing or empty "seq", and values of another type.
ChainDataCache parse_chain_data_cache(const std::string& text, const std::string& path);
ChainDataCache read_chain_data_cache(const std::filesystem::path& file);  // also .gz

// Adds the protein chains of a structure; with `clusters`, their cluster sizes. Chains are named by the author's ids,
// in predictions too (OpenFold's script names the chains of a .pdb file A, B, C... whatever they are called in it).
void add_chain_data(ChainDataCache& cache, const StructureEntry& entry, const ClusterSizes* clusters = nullptr);
ChainDataCache make_chain_data_cache(std::span<const StructureEntry> entries, const ClusterSizes* clusters = nullptr);

// The same JSON as OpenFold's script writes. The file appears when it is complete. Throws SystemError.
void write_chain_data_cache(const ChainDataCache& cache, const std::filesystem::path& file);

}  // namespace foldperf::trainer
