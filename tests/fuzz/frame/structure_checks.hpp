// What holds for every structure that was read: features are made of it without another look.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <vector>

#include "tests/fuzz/frame/fuzz_target.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::fuzz {

inline void check_chain(const trainer::ProteinChain& chain) {
  using trainer::atom37_count;
  const std::size_t length = chain.length();
  require(chain.atom_positions.size() == length * atom37_count * 3, "positions are [length, 37, 3]");
  require(chain.atom_mask.size() == length * atom37_count, "the mask is [length, 37]");
  require(chain.is_missing.size() == length, "is_missing is [length]");
  require(std::isfinite(chain.resolution), "the resolution is finite");
  for (const char letter : chain.sequence) {
    require(trainer::residue_letters.find(letter) < trainer::gap_residue, "the sequence has one-letter codes");
  }
  for (std::size_t residue = 0; residue < length; ++residue) {
    for (std::size_t slot = residue * atom37_count; slot < (residue + 1) * atom37_count; ++slot) {
      const float mask = chain.atom_mask[slot];
      require(mask == 0 || mask == 1, "the mask is 0 or 1");
      require(mask == 0 || chain.is_missing[residue] == 0, "a missing residue has no atom");
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float position = chain.atom_positions[3 * slot + axis];
        require(std::isfinite(position), "positions are finite");
        require(mask == 1 || position == 0 || chain.is_distillation, "atoms that are not there lie in the origin");
      }
    }
  }
}

inline void check_entry(const trainer::StructureEntry& entry) {
  for (const trainer::ProteinChain& chain : entry.chains) {
    check_chain(chain);
    require(chain.entry == entry.entry, "chains carry their entry's name");
    require(chain.release_date.empty() || trainer::is_iso_date(chain.release_date), "release dates are dates");
  }
  require(std::is_sorted(entry.chains.begin(), entry.chains.end(),
                         [](const auto& a, const auto& b) { return a.chain < b.chain; }),
          "chains are sorted by id");
}

inline bool is_same(const trainer::ProteinChain& a, const trainer::ProteinChain& b) {
  return a.name() == b.name() && a.sequence == b.sequence && a.atom_positions == b.atom_positions &&
         a.atom_mask == b.atom_mask && a.is_missing == b.is_missing && a.resolution == b.resolution &&
         a.release_date == b.release_date && a.place == b.place && a.is_distillation == b.is_distillation;
}

// Each chain of the entry must be the same when it is read alone, by `read` with such options.
template <class Read>
void check_chains_alone(const trainer::StructureEntry& entry, trainer::StructureOptions options, Read&& read) {
  constexpr std::size_t enough = 4;  // chains: more cost time and tell little
  for (std::size_t i = 0; i < std::min(entry.chains.size(), enough); ++i) {
    options.only_chain = entry.chains[i].chain;
    if (options.only_chain.empty()) continue;
    const trainer::StructureEntry alone = read(options);
    const auto is_asked_for = [&](const trainer::ProteinChain& chain) { return chain.chain == options.only_chain; };
    std::vector<trainer::ProteinChain> expected;
    std::copy_if(entry.chains.begin(), entry.chains.end(), std::back_inserter(expected), is_asked_for);
    require(std::equal(alone.chains.begin(), alone.chains.end(), expected.begin(), expected.end(), is_same),
            "a chain read alone is the same");
  }
}

}  // namespace foldperf::fuzz
