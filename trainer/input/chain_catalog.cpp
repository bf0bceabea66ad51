#include "trainer/input/chain_catalog.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

std::string why_skipped(const StructureEntry& entry) {
  if (entry.other_chains.empty())
    return "no protein chain (in an mmCIF file, no _entity_poly_seq table names its sequence)";
  std::string names;
  for (const std::string& chain : entry.other_chains) names += (names.empty() ? "" : ", ") + chain;
  return "no protein chain, only DNA, RNA or other polymers (chains " + names + ")";
}

// A chain's or an entry's name, and where the store has it. The chain is empty where the name is an entry's.
struct Place {
  std::string entry;
  std::string chain;
};

std::optional<Place> locate(const StructureStore& structures, const std::string& name) {
  // An entry's name may have an underscore too.
  if (auto entry = structures.find(name)) return Place{std::move(*entry), {}};
  const std::size_t underscore = name.rfind('_');
  if (underscore == std::string::npos) return std::nullopt;
  auto entry = structures.find(std::string_view(name).substr(0, underscore));
  if (!entry) return std::nullopt;
  return Place{std::move(*entry), name.substr(underscore + 1)};
}

[[noreturn]] void fail_wanted(const StructureStore& structures, const std::string& name) {
  throw InputError(structures.name(), "has no structure file for the chain '" + name + "' (expected a name like " +
                                          structures.entries().front() + "_A)");
}

// The name under which a chain has alignments: its own, or that with its entry in small letters.
std::optional<std::string> name_of_alignments(const AlignmentStore& alignments, const std::string& chain) {
  if (alignments.contains(chain)) return chain;
  std::string small = with_small_entry(chain);
  if (small != chain && alignments.contains(small)) return small;
  return std::nullopt;
}

std::string count_of(std::size_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

// "12 chains left out: no alignment (1abc_A, 2abc_A and others)"; nothing where there is none.
void note(ChainCatalog& catalog, const std::vector<std::string>& names, const std::string& what) {
  if (names.empty()) return;
  constexpr std::size_t most = 5;
  std::string text = count_of(names.size(), "chain ", "chains ").append(what).append(" (");
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text.append(i == 0 ? "" : ", ").append(names[i]);
  catalog.notes.push_back(text.append(names.size() > most ? " and others)" : ")"));
}

// `entries`: those left out as a whole, without a look at their chains.
void note_list(ChainCatalog& catalog, const std::optional<ChainListFilter>& list, std::size_t entries = 0) {
  if (!list) return;
  std::string text;
  if (entries > 0) text = count_of(entries, "entry", "entries");
  if (list->left_out() > 0)
    text.append(text.empty() ? "" : " and ").append(count_of(list->left_out(), "chain", "chains"));
  if (!text.empty()) catalog.notes.push_back(text.append(" left out: not in the list of chains"));
  note(catalog, list->unused(), "of the list of chains not found");
}

[[noreturn]] void fail_empty(const StructureStore& structures, const ChainCatalog& catalog) {
  std::string text = "no chain is left";
  if (!catalog.skipped.empty()) {
    const SkippedEntry& first = catalog.skipped.front();
    text = "no protein chain in its " + std::to_string(catalog.skipped.size()) + " structure files; the first, " +
           first.structure.filename().string() + ", has " + first.reason;
  }
  for (const std::string& reason : catalog.notes) text.append("; ").append(reason);
  throw InputError(structures.name(), text);
}

// The keys of a cache that a wanted name means: a chain, or the chains of an entry.
std::vector<std::string> keys_of(const ChainDataCache& cache, const std::string& wanted) {
  std::vector<std::string> keys;
  for (const std::string& name : {wanted, with_small_entry(wanted), in_small_letters(wanted)}) {
    if (cache.contains(name)) return {name};
    const std::string start = name + "_";
    for (auto item = cache.lower_bound(start); item != cache.end() && item->first.starts_with(start); ++item) {
      if (item->first.rfind('_') == name.size()) keys.push_back(item->first);
    }
    if (!keys.empty()) return keys;
  }
  return keys;
}

// The chains to ask the filters about.
std::vector<std::string> candidates(const StructureStore& structures, const ChainSelection& selection) {
  std::vector<std::string> names;
  if (selection.wanted.empty()) {
    names.reserve(selection.cache->size());
    for (const auto& [name, chain] : *selection.cache) names.push_back(name);
  }
  for (const std::string& wanted : selection.wanted) {
    std::vector<std::string> keys = keys_of(*selection.cache, wanted);
    if (keys.empty()) keys.push_back(wanted);
    const auto is_there = [&](const std::string& key) { return locate(structures, key).has_value(); };
    if (std::none_of(keys.begin(), keys.end(), is_there)) fail_wanted(structures, wanted);
    names.insert(names.end(), keys.begin(), keys.end());
  }
  return names;
}

ChainCatalog find_in_cache(const StructureStore& structures, const AlignmentStore* alignments,
                           const ChainSelection& selection, std::optional<ChainListFilter> list) {
  std::vector<std::string> names = candidates(structures, selection);
  if (list) std::erase_if(names, [&](const std::string& name) { return !list->admits(name, entry_of_chain(name)); });
  ChainCatalog catalog;
  note_list(catalog, list);
  const FilteredChains filtered = filter_chains(names, *selection.cache, selection.filters);
  if (filtered.kept.size() < names.size()) catalog.notes.push_back(filtered.summary());
  std::vector<std::string> without_structure;
  std::vector<std::string> without_alignment;
  for (const auto& [name, probability] : filtered.kept) {
    auto place = locate(structures, name);
    if (!place) {
      without_structure.push_back(name);
      continue;
    }
    auto aligned = alignments == nullptr ? name : name_of_alignments(*alignments, name);
    if (!aligned) {
      without_alignment.push_back(name);
      continue;
    }
    ChainSource source;
    source.name = std::move(*aligned);
    source.entry = std::move(place->entry);
    source.chain = std::move(place->chain);
    source.length = static_cast<std::int64_t>(selection.cache->find(name)->second.sequence.size());
    source.probability = probability;
    catalog.chains.push_back(std::move(source));
  }
  note(catalog, without_structure, "left out: no structure file in " + structures.name());
  note(catalog, without_alignment, "left out: no alignment");
  return catalog;
}

// The chains of structures that are read.
class Reading {
 public:
  Reading(const StructureStore& structures, const AlignmentStore* alignments, const StructureOptions& options,
          std::optional<ChainListFilter> list)
      : structures_(structures), alignments_(alignments), options_(options), list_(std::move(list)) {}

  void add_entry(const std::string& entry) {
    if (passes_over(entry)) return;
    const StructureEntry& read = this->read(entry);
    if (read.chains.empty()) catalog_.skipped.push_back({read.path, why_skipped(read)});
    for (const ProteinChain& chain : read.chains) add(chain, entry, chain.name());
  }
  void add_chain(const Place& place, const std::string& name) {
    if (passes_over(place.entry)) return;
    add(find_chain(read(place.entry), place.chain), place.entry, name);
  }
  ChainCatalog finish() {
    note_list(catalog_, list_, passed_over_);
    return std::move(catalog_);
  }

 private:
  bool passes_over(const std::string& entry) {
    if (!list_ || list_->may_admit(entry)) return false;
    ++passed_over_;
    return true;
  }
  const StructureEntry& read(const std::string& entry) {
    if (entry != last_name_) last_ = structures_.read(entry, options_);
    last_name_ = entry;
    return last_;
  }
  void add(const ProteinChain& chain, const std::string& entry, const std::string& name) {
    if (list_ && !list_->admits(name, entry)) return;
    ChainSource source;
    source.name = alignments_ == nullptr ? name : name_of_alignments(*alignments_, name).value_or(name);
    source.entry = entry;
    source.chain = chain.chain;
    source.length = static_cast<std::int64_t>(chain.length());
    catalog_.chains.push_back(std::move(source));
  }

  const StructureStore& structures_;
  const AlignmentStore* alignments_;
  const StructureOptions& options_;
  std::optional<ChainListFilter> list_;
  ChainCatalog catalog_;
  std::size_t passed_over_ = 0;
  std::string last_name_;  // of the entry read last: of several wanted chains it is read once
  StructureEntry last_;
};

ChainCatalog find_in_structures(const StructureStore& structures, const AlignmentStore* alignments,
                                const ChainSelection& selection, std::optional<ChainListFilter> list,
                                const StructureOptions& options) {
  Reading reading(structures, alignments, options, std::move(list));
  if (selection.wanted.empty()) {
    for (const std::string& entry : structures.entries()) reading.add_entry(entry);
  }
  for (const std::string& name : selection.wanted) {
    const auto place = locate(structures, name);
    if (!place) fail_wanted(structures, name);
    if (place->chain.empty()) {
      reading.add_entry(place->entry);
    } else {
      reading.add_chain(*place, name);
    }
  }
  return reading.finish();
}

}  // namespace

ChainCatalog find_chains(const StructureStore& structures, const AlignmentStore* alignments,
                         const ChainSelection& selection, const StructureOptions& options) {
  std::optional<ChainListFilter> list;
  if (selection.included) list.emplace(*selection.included);
  ChainCatalog catalog = selection.cache != nullptr
                             ? find_in_cache(structures, alignments, selection, std::move(list))
                             : find_in_structures(structures, alignments, selection, std::move(list), options);
  if (catalog.chains.empty()) fail_empty(structures, catalog);
  return catalog;
}

}  // namespace foldperf::trainer
