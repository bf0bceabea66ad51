#include "trainer/input/chain_data_cache.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "trainer/input/json_entries.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

ChainDataCache parse_chain_data_cache(const std::string& text, const std::string& path) {
  ChainDataCache cache;
  for_each_json_entry(text, path, [&](const std::string& name, const nlohmann::json& value) {
    const JsonFields fields(path, name, value);
    ChainData chain;
    chain.sequence = fields.text("seq").value_or("");
    if (chain.sequence.empty()) fields.fail("has no 'seq'; the file must come from generate_chain_data_cache.py");
    if (!JsonFields::is_sequence(chain.sequence)) fields.fail("'seq' is no sequence of one-letter codes");
    chain.release_date = fields.date("release_date");
    chain.resolution = fields.number("resolution");
    chain.cluster_size = fields.integer("cluster_size");
    cache.insert_or_assign(cache.end(), name, std::move(chain));
  });
  return cache;
}

ChainDataCache read_chain_data_cache(const std::filesystem::path& file) {
  return parse_chain_data_cache(read_text_file(file), file.string());
}

void add_chain_data(ChainDataCache& cache, const StructureEntry& entry, const ClusterSizes* clusters) {
  for (const ProteinChain& chain : entry.chains) {
    if (chain.sequence.empty()) continue;
    ChainData data{chain.release_date, chain.sequence, chain.resolution, std::nullopt};
    if (clusters != nullptr) data.cluster_size = clusters->find(chain.name()).value_or(-1);
    cache.insert_or_assign(chain.name(), std::move(data));
  }
}

ChainDataCache make_chain_data_cache(std::span<const StructureEntry> entries, const ClusterSizes* clusters) {
  ChainDataCache cache;
  for (const StructureEntry& entry : entries) add_chain_data(cache, entry, clusters);
  return cache;
}

void write_chain_data_cache(const ChainDataCache& cache, const std::filesystem::path& file) {
  JsonEntryWriter writer(file.string());
  for (const auto& [name, chain] : cache) {
    nlohmann::ordered_json value;
    if (!chain.release_date.empty()) value["release_date"] = chain.release_date;
    value["seq"] = chain.sequence;
    if (chain.resolution) value["resolution"] = *chain.resolution;
    if (chain.cluster_size) value["cluster_size"] = *chain.cluster_size;
    writer.add(name, value);
  }
  writer.finish();
}

}  // namespace foldperf::trainer
