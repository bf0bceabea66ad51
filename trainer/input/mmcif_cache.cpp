#include "trainer/input/mmcif_cache.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "trainer/input/json_entries.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

std::string counts(const char* name, std::size_t count, std::size_t chains) {
  return std::string("'") + name + "' is for " + std::to_string(count) + " chains, 'chain_ids' has " +
         std::to_string(chains);
}

EntryData read_entry(const JsonFields& fields) {
  EntryData entry;
  entry.release_date = fields.date("release_date");
  entry.resolution = fields.number("resolution");
  entry.chain_ids = fields.texts("chain_ids").value_or(std::vector<std::string>());
  entry.sequences = fields.texts("seqs").value_or(std::vector<std::string>());
  entry.cluster_sizes = fields.integers("cluster_sizes").value_or(std::vector<std::int64_t>());
  const std::size_t chains = entry.chain_ids.size();
  if (entry.sequences.size() != chains) fields.fail(counts("seqs", entry.sequences.size(), chains));
  if (!entry.cluster_sizes.empty() && entry.cluster_sizes.size() != chains) {
    fields.fail(counts("cluster_sizes", entry.cluster_sizes.size(), chains));
  }
  const auto said = fields.integer("no_chains");
  if (said && (*said < 0 || static_cast<std::size_t>(*said) != chains)) {
    fields.fail("'no_chains' is " + std::to_string(*said) + ", 'chain_ids' has " + std::to_string(chains));
  }
  for (const std::string& sequence : entry.sequences) {
    if (!JsonFields::is_sequence(sequence)) fields.fail("'seqs' has what is no sequence of one-letter codes");
  }
  if (chains == 0 && entry.release_date.empty()) {
    fields.fail("has neither 'release_date' nor 'chain_ids'; the file must come from generate_mmcif_cache.py");
  }
  return entry;
}

}  // namespace

MmcifCache parse_mmcif_cache(const std::string& text, const std::string& path) {
  MmcifCache cache;
  for_each_json_entry(text, path, [&](const std::string& name, const nlohmann::json& value) {
    cache.insert_or_assign(cache.end(), name, read_entry(JsonFields(path, name, value)));
  });
  return cache;
}

MmcifCache read_mmcif_cache(const std::filesystem::path& file) {
  return parse_mmcif_cache(read_text_file(file), file.string());
}

std::map<std::string, std::string> release_dates(const MmcifCache& cache) {
  std::map<std::string, std::string> dates;
  for (const auto& [name, entry] : cache) {
    if (entry.release_date.empty()) continue;
    dates[in_capitals(name)] = entry.release_date;
  }
  return dates;
}

void add_entry_data(MmcifCache& cache, const StructureEntry& entry, const ClusterSizes* clusters) {
  if (entry.chains.empty()) return;
  EntryData data;
  data.release_date = entry.chains.front().release_date;
  data.resolution = entry.chains.front().resolution;
  for (const ProteinChain& chain : entry.chains) {
    data.chain_ids.push_back(chain.chain);
    data.sequences.push_back(chain.sequence);
    if (clusters != nullptr) data.cluster_sizes.push_back(clusters->find(chain.name()).value_or(-1));
  }
  cache.insert_or_assign(entry.entry, std::move(data));
}

MmcifCache make_mmcif_cache(std::span<const StructureEntry> entries, const ClusterSizes* clusters) {
  MmcifCache cache;
  for (const StructureEntry& entry : entries) add_entry_data(cache, entry, clusters);
  return cache;
}

void write_mmcif_cache(const MmcifCache& cache, const std::filesystem::path& file) {
  JsonEntryWriter writer(file.string());
  for (const auto& [name, entry] : cache) {
    nlohmann::ordered_json value;
    if (!entry.release_date.empty()) value["release_date"] = entry.release_date;
    if (!entry.cluster_sizes.empty()) value["cluster_sizes"] = entry.cluster_sizes;
    if (!entry.chain_ids.empty()) {
      value["chain_ids"] = entry.chain_ids;
      value["seqs"] = entry.sequences;
      value["no_chains"] = entry.chain_ids.size();
    }
    if (entry.resolution) value["resolution"] = *entry.resolution;
    writer.add(name, value);
  }
  writer.finish();
}

}  // namespace foldperf::trainer
