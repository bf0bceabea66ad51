// Which chains are trained on, and how often: OpenFold's filters (openfold/data/data_modules.py: OpenFoldDataset's
// deterministic_train_filter and get_stochastic_train_filter_prob; AlphaFold 2 supplement, section 1.2.5).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/chain_data_cache.hpp"

namespace foldperf::trainer {

struct ChainFilterOptions {
  double max_resolution = 9;                 // Angstrom
  double max_single_residue_fraction = 0.8;  // of the sequence
  // Chains released later are out, and so are those whose date is unknown. YYYY-MM-DD; empty for no limit.
  std::string max_release_date;
};

enum class Exclusion {
  none,
  not_in_cache,          // nothing is known of the chain
  unknown_resolution,    // none in its entry
  low_resolution,        // above max_resolution
  empty_sequence,        //
  nonstandard_residue,   // X or another letter that is none of the twenty amino acids
  repetitive_sequence,   // one residue type above max_single_residue_fraction
  unknown_release_date,  // and a limit is set
  released_too_late,     // after max_release_date
};
inline constexpr std::size_t exclusion_count = 9;
// As a sentence says it: "resolution above the limit".
std::string_view describe(Exclusion exclusion);

// The first reason against a chain, in the order above.
Exclusion exclusion_of(const ChainData& chain, const ChainFilterOptions& options);

// The probability, above 0 and at most 1, with which a chain that is drawn is kept: 1 / cluster size (1 where unknown)
// times its length, within 256 and 512, by 512.
double keep_probability(const ChainData& chain);

struct KeptChain {
  std::string name;
  double probability = 1;
};

struct FilteredChains {
  std::vector<KeptChain> kept;  // in the order given
  // Chains by reason; counts[none] is that of the kept ones.
  std::array<std::size_t, exclusion_count> counts{};

  [[nodiscard]] std::size_t count(Exclusion exclusion) const { return counts[static_cast<std::size_t>(exclusion)]; }
  // "812 of 1000 chains kept; left out: 100 (resolution above the limit), 88 (released after the limit)".
  [[nodiscard]] std::string summary() const;
};

// Throws UsageError for a limit that is no number above 0 or no date.
FilteredChains filter_chains(std::span<const std::string> chains, const ChainDataCache& cache,
                             const ChainFilterOptions& options = {});

}  // namespace foldperf::trainer
