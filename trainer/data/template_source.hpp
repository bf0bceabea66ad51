// Templates of a training run: structures of a folder or archive, and what the settings say about them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/feed/chain_cache.hpp"
#include "trainer/input/obsolete_entries.hpp"
#include "trainer/input/structure_store.hpp"
#include "trainer/input/template_search.hpp"

namespace foldperf::trainer {

struct TemplateSourceOptions {
  std::filesystem::path structures;     // folder or archive
  std::string max_template_date;        // YYYY-MM-DD
  std::filesystem::path release_dates;  // mmcif cache (JSON); empty: that of the archive, else the structures alone
  std::filesystem::path obsolete;       // the PDB's obsolete.dat; empty: none
  std::size_t cache_bytes = 0;          // of parsed structures
};

struct TemplateQuery {
  std::string_view sequence;
  std::size_t max_hits = 4;
  std::size_t shuffle_top_k = 0;
  std::function<std::vector<std::size_t>(std::size_t)> permutation;  // needed where shuffle_top_k is not 0
};

// Thread safety: const functions may be called from any thread.
class TemplateSource {
 public:
  // Throws InputError for files that are missing or damaged, UsageError for a date that is none.
  explicit TemplateSource(const TemplateSourceOptions& options);

  // As find_templates.
  [[nodiscard]] TemplateSearchResult find(const TemplateQuery& query, const std::vector<TemplateHit>& hits) const;
  [[nodiscard]] CacheStatistics cache_statistics() const { return cache_.statistics(); }

 private:
  [[nodiscard]] std::shared_ptr<const StructureEntry> entry(const std::string& name) const;

  std::string max_template_date_;
  std::shared_ptr<const StructureStore> structures_;
  std::map<std::string, std::string> release_dates_;  // by entry in capitals
  ObsoleteEntries obsolete_;
  mutable ChainCache<StructureEntry> cache_;
};

}  // namespace foldperf::trainer
