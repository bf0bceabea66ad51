#include "trainer/data/chain_set.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/chain_data_cache.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/duplicate_chains.hpp"
#include "trainer/input/fasta.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

// The settings of one set, by what they are and not by which set's they are.
struct SetSources {
  std::string name;
  std::string prefix;  // of the keys, for messages
  std::string data_dir;
  std::string alignment_dir;
  std::string alignment_index;
  std::string duplicate_chains;
  std::string chain_data_cache;
  std::string filter;
  std::vector<std::string> chains;
  bool is_distillation = false;
  bool uses_cache = true;  // where there is one: chains are filtered and sampled
};

std::shared_ptr<const AlignmentStore> open_alignments(const std::string& folder, const std::string& index,
                                                      const std::string& duplicate_chains) {
  if (folder.empty() && index.empty()) return nullptr;
  auto store = index.empty() ? open_alignment_store(folder) : open_alignment_store(index, folder);
  if (duplicate_chains.empty()) return store;
  return share_alignments(std::move(store), read_duplicate_chains(duplicate_chains));
}

// The file given, else what an archive of structures brings.
std::optional<ChainDataCache> find_chain_data_cache(const SetSources& sources) {
  if (!sources.uses_cache) return std::nullopt;
  if (!sources.chain_data_cache.empty()) return read_chain_data_cache(sources.chain_data_cache);
  if (!is_archive(sources.data_dir)) return std::nullopt;
  const auto archived = read_archived_text(sources.data_dir, archived_chain_data_cache);
  if (!archived) return std::nullopt;
  return parse_chain_data_cache(archived->text, archived->path);
}

// Whether there is one, without reading it.
bool has_chain_data_cache(const SetSources& sources) {
  if (!sources.chain_data_cache.empty()) return true;
  return is_archive(sources.data_dir) &&
         ArchiveReader(sources.data_dir).kind(archived_chain_data_cache) != ArchiveReader::Kind::none;
}

// What there is beside a chain's structure.
void open_rows(ChainSet& set, const SetSources& sources, const DataConfig& config) {
  if (config.seqemb_mode.enabled) {
    if (sources.alignment_dir.empty()) {
      throw UsageError("data.source." + sources.prefix + "_alignment_dir is not set: sequence-embedding mode " +
                       "(data.seqemb_mode) reads the embedding <folder>/<chain>/<chain>.pt of each chain");
    }
    if (!fs::is_directory(sources.alignment_dir))
      throw InputError(sources.alignment_dir, "no such folder of embeddings");
    set.embeddings = sources.alignment_dir;
  } else {
    set.alignments = open_alignments(sources.alignment_dir, sources.alignment_index, sources.duplicate_chains);
  }
}

ChainSet open_set(const SetSources& sources, const DataConfig& config,
                  std::shared_ptr<const TemplateSource> templates) {
  ChainSet set;
  set.name = sources.name;
  set.structures = open_structure_store(sources.data_dir);
  set.structure_options.treat_pdb_as_distillation = sources.is_distillation;
  open_rows(set, sources, config);
  set.templates = std::move(templates);

  ChainSelection selection;
  selection.wanted = sources.chains;
  if (!sources.filter.empty()) selection.included = read_chain_list(sources.filter);
  selection.filters.max_resolution = config.source.max_resolution;
  selection.filters.max_single_residue_fraction = config.source.max_single_residue_fraction;
  selection.filters.max_release_date = config.source.max_release_date;
  const std::optional<ChainDataCache> cache = find_chain_data_cache(sources);
  if (cache) selection.cache = &*cache;
  set.is_sampled = cache.has_value();
  set.catalog = find_chains(*set.structures, set.alignments.get(), selection, set.structure_options);
  return set;
}

// One for all sets, so that they share what they keep in memory. None where the model has no use for templates.
std::shared_ptr<const TemplateSource> open_templates(const DataConfig& config) {
  const DataSourceConfig& source = config.source;
  if (source.template_mmcif_dir.empty() || !config.common.use_templates) return nullptr;
  TemplateSourceOptions options;
  options.structures = source.template_mmcif_dir;
  options.max_template_date = source.max_template_date;
  options.release_dates = source.template_release_dates_cache_path;
  options.obsolete = source.obsolete_pdbs_file_path;
  // Half of the limit: the other half is the parsed chains'.
  options.cache_bytes = static_cast<std::size_t>(config.loader.cache_mib) << 19;
  return std::make_shared<const TemplateSource>(options);
}

SetSources sources_of_training(const DataSourceConfig& source) {
  return {"training",
          "train",
          source.train_data_dir,
          source.train_alignment_dir,
          source.alignment_index_path,
          source.train_duplicate_chains_path,
          source.train_chain_data_cache_path,
          source.train_filter_path,
          source.train_chains,
          source.treat_pdb_as_distillation};
}

SetSources training_sources(const DataConfig& config) {
  if (config.source.train_data_dir.empty())
    throw UsageError("data.source.train_data_dir is not set: name the folder of the structure files");
  return sources_of_training(config.source);
}

// Every chain asked for, whatever the filters of training say.
SetSources asked_for(SetSources sources, const std::vector<std::string>& chains) {
  sources.chains = chains;
  sources.uses_cache = false;
  sources.filter.clear();
  return sources;
}

SetSources in_validation_folder(SetSources sources, const DataSourceConfig& source) {
  sources.prefix = "val";
  sources.data_dir = source.val_data_dir;
  sources.alignment_dir = source.val_alignment_dir;
  sources.alignment_index.clear();
  sources.duplicate_chains.clear();
  return sources;
}

// Of chains named twice, or by name and by entry, the first.
void keep_each_once(std::vector<ChainSource>& chains) {
  std::set<std::string> seen;
  std::erase_if(chains, [&](const ChainSource& chain) { return !seen.insert(chain.name).second; });
}

}  // namespace

std::shared_ptr<const AlignmentStore> open_training_alignments(const DataSourceConfig& source) {
  return open_alignments(source.train_alignment_dir, source.alignment_index_path, source.train_duplicate_chains_path);
}

std::vector<ChainSet> training_sets(const DataConfig& config) {
  const DataSourceConfig& source = config.source;
  const SetSources sources = training_sources(config);
  const auto templates = open_templates(config);
  std::vector<ChainSet> sets = {open_set(sources, config, templates)};
  if (source.distillation_data_dir.empty()) return sets;
  ChainSet& distillation = sets.emplace_back(open_set({"distillation",
                                                       "distillation",
                                                       source.distillation_data_dir,
                                                       source.distillation_alignment_dir,
                                                       source.distillation_alignment_index_path,
                                                       "",
                                                       source.distillation_chain_data_cache_path,
                                                       source.distillation_filter_path,
                                                       {},
                                                       true},
                                                      config, templates));
  distillation.shuffles_templates = false;
  distillation.weight = config.train.distillation_prob;
  sets.front().weight = 1 - config.train.distillation_prob;
  return sets;
}

std::optional<ChainSet> validation_set(const DataConfig& config) {
  const DataSourceConfig& source = config.source;
  const bool has_folder = !source.val_data_dir.empty();
  SetSources sources =
      has_folder ? in_validation_folder(sources_of_training(source), source) : training_sources(config);
  sources.name = "validation";
  if (has_folder || !source.val_chains.empty()) {
    sources = asked_for(std::move(sources), source.val_chains);
  } else if (has_chain_data_cache(sources)) {
    return std::nullopt;
  }
  return open_set(sources, config, open_templates(config));
}

std::vector<ChainSet> named_chains(const DataConfig& config, const std::vector<std::string>& names) {
  std::vector<std::string> in_validation, others = names;
  if (!config.source.val_data_dir.empty()) {
    // By their entries alone: a file that is there and damaged is an error, not a reason to look elsewhere.
    const auto store = open_structure_store(config.source.val_data_dir);
    const auto first_other = std::stable_partition(others.begin(), others.end(), [&](const std::string& name) {
      return store->contains(name) || store->contains(name.substr(0, name.rfind('_')));
    });
    in_validation.assign(others.begin(), first_other);
    others.erase(others.begin(), first_other);
  }
  const auto templates = open_templates(config);
  std::vector<ChainSet> sets;
  if (!in_validation.empty()) {
    const SetSources sources = in_validation_folder(sources_of_training(config.source), config.source);
    sets.push_back(open_set(asked_for(sources, in_validation), config, templates));
  }
  if (!others.empty()) sets.push_back(open_set(asked_for(training_sources(config), others), config, templates));
  for (ChainSet& set : sets) keep_each_once(set.catalog.chains);
  return sets;
}

ChainSet sequence_set(const DataConfig& config, const std::filesystem::path& fasta) {
  ChainSet set;
  set.name = "sequences";
  open_rows(set, sources_of_training(config.source), config);
  set.templates = open_templates(config);
  for (FastaRecord& record : read_fasta(fasta)) {
    set.catalog.chains.push_back({record.name, record.name, "A", static_cast<std::int64_t>(record.sequence.size()), 1});
    set.sequences.emplace(std::move(record.name), std::move(record.sequence));
  }
  return set;
}

}  // namespace foldperf::trainer
