// Clusters of similar chains, as OpenFold's scripts/generate_chain_data_cache.py reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace foldperf::trainer {

// How many chains the cluster of each chain has. Names are compared without regard to case.
class ClusterSizes {
 public:
  // One cluster a line: names of chains (1ubi_A) separated by blanks. Of a chain in several clusters the last counts,
  // as in OpenFold. Throws InputError, with the line, for a character that no name has, and where there is no cluster.
  static ClusterSizes parse(std::string_view text, const std::string& path);
  static ClusterSizes read(const std::filesystem::path& file);  // also .gz

  // None for a chain in no cluster.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view chain) const;
  [[nodiscard]] std::size_t chain_count() const { return sizes_.size(); }

 private:
  std::unordered_map<std::string, std::int64_t> sizes_;  // by name in capitals
};

}  // namespace foldperf::trainer
