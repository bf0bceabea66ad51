#include "trainer/data/template_source.hpp"

#include "core/error.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/mmcif_cache.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

// What an entry takes in memory, nearly all of it atoms.
std::size_t bytes_of(const StructureEntry& entry) {
  std::size_t bytes = sizeof(StructureEntry);
  for (const ProteinChain& chain : entry.chains) {
    bytes += sizeof(ProteinChain) + chain.sequence.size() + chain.is_missing.size() +
             (chain.atom_positions.size() + chain.atom_mask.size()) * sizeof(float);
  }
  return bytes;
}

}  // namespace

TemplateSource::TemplateSource(const TemplateSourceOptions& options)
    : max_template_date_(options.max_template_date), cache_(options.cache_bytes) {
  if (!is_iso_date(max_template_date_)) {
    throw UsageError(max_template_date_.empty()
                         ? std::string("data.source.max_template_date is not set: with template_mmcif_dir, give the "
                                       "last release date of a template, as 2021-10-10")
                         : "data.source.max_template_date is '" + max_template_date_ + "'; write YYYY-MM-DD");
  }
  structures_ = open_structure_store(options.structures);
  if (!options.release_dates.empty()) {
    release_dates_ = release_dates(read_mmcif_cache(options.release_dates));
  } else if (is_archive(options.structures)) {
    if (const auto archived = read_archived_text(options.structures, archived_mmcif_cache))
      release_dates_ = release_dates(parse_mmcif_cache(archived->text, archived->path));
  }
  if (!options.obsolete.empty()) obsolete_ = ObsoleteEntries::read(options.obsolete);
}

std::shared_ptr<const StructureEntry> TemplateSource::entry(const std::string& name) const {
  if (!structures_->contains(name)) return nullptr;
  return cache_.get(name, [&]() -> ChainCache<StructureEntry>::Loaded {
    auto read = std::make_shared<const StructureEntry>(structures_->read(name));
    const std::size_t bytes = bytes_of(*read);
    return {std::move(read), bytes};
  });
}

TemplateSearchResult TemplateSource::find(const TemplateQuery& query, const std::vector<TemplateHit>& hits) const {
  TemplateSearchOptions options;
  options.max_template_date = max_template_date_;
  options.max_hits = query.max_hits;
  options.shuffle_top_k = query.shuffle_top_k;
  options.permutation = query.permutation;
  options.release_date = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = release_dates_.find(in_capitals(name));
    if (found == release_dates_.end()) return std::nullopt;
    return found->second;
  };
  options.replacement = [this](const std::string& name) { return obsolete_.replacement(name); };
  return find_templates(
      query.sequence, hits, [this](const std::string& name) { return entry(name); }, options);
}

}  // namespace foldperf::trainer
