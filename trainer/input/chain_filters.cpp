#include "trainer/input/chain_filters.hpp"

#include <algorithm>
#include <cstdint>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::string_view standard_letters = residue_letters.substr(0, residue_type_count);

void check(const ChainFilterOptions& options) {
  if (!(options.max_resolution > 0)) throw UsageError("chain filter: the largest resolution must be above 0 Angstrom");
  if (!(options.max_single_residue_fraction > 0 && options.max_single_residue_fraction <= 1)) {
    throw UsageError("chain filter: the largest fraction of one residue type must be above 0 and at most 1");
  }
  if (!options.max_release_date.empty() && !is_iso_date(options.max_release_date)) {
    throw UsageError("chain filter: the release-date limit '" + options.max_release_date +
                     "' is no date; write YYYY-MM-DD, as 2018-04-30");
  }
}

}  // namespace

std::string_view describe(Exclusion exclusion) {
  switch (exclusion) {
    case Exclusion::none:
      return "kept";
    case Exclusion::not_in_cache:
      return "not in the chain data cache";
    case Exclusion::unknown_resolution:
      return "unknown resolution";
    case Exclusion::low_resolution:
      return "resolution above the limit";
    case Exclusion::empty_sequence:
      return "empty sequence";
    case Exclusion::nonstandard_residue:
      return "unknown or non-standard residues";
    case Exclusion::repetitive_sequence:
      return "too much of one residue type";
    case Exclusion::unknown_release_date:
      return "unknown release date";
    case Exclusion::released_too_late:
      return "released after the limit";
  }
  return "unknown";
}

Exclusion exclusion_of(const ChainData& chain, const ChainFilterOptions& options) {
  if (!chain.resolution) return Exclusion::unknown_resolution;
  // So written that a resolution that is no number is out.
  if (!(*chain.resolution <= options.max_resolution)) return Exclusion::low_resolution;
  if (chain.sequence.empty()) return Exclusion::empty_sequence;
  std::array<std::size_t, residue_type_count> counts{};
  for (const char letter : chain.sequence) {
    const std::size_t type = standard_letters.find(letter);
    if (type == std::string_view::npos) return Exclusion::nonstandard_residue;
    ++counts[type];
  }
  const std::size_t most = *std::max_element(counts.begin(), counts.end());
  const double fraction = static_cast<double>(most) / static_cast<double>(chain.sequence.size());
  if (fraction > options.max_single_residue_fraction) return Exclusion::repetitive_sequence;
  if (!options.max_release_date.empty()) {
    if (chain.release_date.empty()) return Exclusion::unknown_release_date;
    if (chain.release_date > options.max_release_date) return Exclusion::released_too_late;
  }
  return Exclusion::none;
}

double keep_probability(const ChainData& chain) {
  constexpr std::size_t shortest = 256;
  constexpr std::size_t longest = 512;
  const std::int64_t cluster = chain.cluster_size.value_or(-1);
  const double of_cluster = cluster > 0 ? 1.0 / static_cast<double>(cluster) : 1.0;
  return of_cluster * (static_cast<double>(std::clamp(chain.sequence.size(), shortest, longest)) / double{longest});
}

std::string FilteredChains::summary() const {
  std::size_t total = 0;
  for (const std::size_t number : counts) total += number;
  std::string text = std::to_string(kept.size()) + " of " + std::to_string(total) + " chains kept";
  const char* separator = "; left out: ";
  for (std::size_t reason = 1; reason < exclusion_count; ++reason) {
    if (counts[reason] == 0) continue;
    text.append(separator).append(std::to_string(counts[reason])).append(" (");
    text.append(describe(static_cast<Exclusion>(reason))).append(")");
    separator = ", ";
  }
  return text;
}

FilteredChains filter_chains(std::span<const std::string> chains, const ChainDataCache& cache,
                             const ChainFilterOptions& options) {
  check(options);
  FilteredChains result;
  for (const std::string& name : chains) {
    const auto found = cache.find(name);
    const Exclusion exclusion = found == cache.end() ? Exclusion::not_in_cache : exclusion_of(found->second, options);
    ++result.counts[static_cast<std::size_t>(exclusion)];
    if (exclusion == Exclusion::none) result.kept.push_back({name, keep_probability(found->second)});
  }
  return result;
}

}  // namespace foldperf::trainer
