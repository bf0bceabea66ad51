#include "trainer/input/chain_builder.hpp"

#include <algorithm>
#include <cmath>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

double distance(const float* a, const float* b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

bool is_selenium(const std::string& name) {
  return name.size() == 2 && (name[0] == 'S' || name[0] == 's') && (name[1] == 'E' || name[1] == 'e');
}

}  // namespace

void ResidueAtoms::add(const AtomRecord& atom) {
  const auto [found, is_new] = chosen_.emplace(atom.name, atom);
  if (is_new || atom.altloc == ' ') return;  // a name repeated without alternative location: the first one stands
  AtomRecord& present = found->second;
  // An atom first given without an alternative location counts as the later of the two.
  const bool better = present.altloc == ' ' ? atom.occupancy >= present.occupancy : atom.occupancy > present.occupancy;
  if (better) present = atom;
}

void ResidueAtoms::place(ProteinChain& chain, std::size_t index) const {
  float* positions = chain.atom_positions.data() + index * atom37_count * 3;
  float* mask = chain.atom_mask.data() + index * atom37_count;
  for (const auto& [name, atom] : chosen_) {
    auto slot = atom37_index(name);
    if (!slot && name_ == "MSE" && is_selenium(name)) slot = atom37_index("SD");
    if (!slot) continue;
    std::copy(atom.position.begin(), atom.position.end(), positions + 3 * *slot);
    mask[*slot] = 1;
  }
  chain.is_missing[index] = 0;
  if (name_ != "ARG") return;
  const int cd = *atom37_index("CD");
  const int nh1 = *atom37_index("NH1");
  const int nh2 = *atom37_index("NH2");
  if (mask[cd] == 0 || mask[nh1] == 0 || mask[nh2] == 0) return;
  if (distance(positions + 3 * nh1, positions + 3 * cd) > distance(positions + 3 * nh2, positions + 3 * cd)) {
    std::swap_ranges(positions + 3 * nh1, positions + 3 * nh1 + 3, positions + 3 * nh2);
  }
}

void start_chain(ProteinChain& chain, const std::vector<std::string>& components) {
  chain.sequence.clear();
  for (const std::string& component : components) chain.sequence.push_back(component_letter(component));
  chain.atom_positions.assign(components.size() * atom37_count * 3, 0);
  chain.atom_mask.assign(components.size() * atom37_count, 0);
  chain.is_missing.assign(components.size(), 1);
}

}  // namespace foldperf::trainer
