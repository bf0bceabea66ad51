#include "trainer/input/chain_builder.hpp"

#include <algorithm>
#include <cmath>

namespace foldperf::trainer {

namespace {

double distance(const float* a, const float* b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

// The letters of a name of at most four as one number.
constexpr std::uint32_t packed(std::string_view name) {
  std::uint32_t letters = 0;
  for (const char letter : name) letters = letters << 8 | static_cast<unsigned char>(letter);
  return letters;
}

// A hash table of the names that have a slot: most atoms of a file are looked up in it.
struct SlotTable {
  struct Entry {
    std::uint32_t name = 0;
    AtomSlot slot = no_slot;
  };
  std::array<Entry, 256> entries{};

  static constexpr std::size_t place(std::uint32_t name) { return (name * 0x9E3779B1U) >> 24; }

  constexpr SlotTable() {
    for (std::size_t slot = 0; slot < atom_slot_count; ++slot) {
      const std::string_view name =
          slot < atom37_names.size() ? atom37_names[slot] : selenium_names[slot - atom37_names.size()];
      std::size_t at = place(packed(name));
      while (entries[at].name != 0) at = (at + 1) % entries.size();
      entries[at] = {packed(name), static_cast<AtomSlot>(slot)};
    }
  }

  [[nodiscard]] constexpr AtomSlot find(std::uint32_t name) const {
    std::size_t at = place(name);
    while (entries[at].name != name && entries[at].name != 0) at = (at + 1) % entries.size();
    return entries[at].slot;
  }
};

constexpr SlotTable slot_table;

constexpr std::size_t slot_of(std::string_view name) { return slot_table.find(packed(name)); }

}  // namespace

AtomSlot atom_slot(std::string_view name) {
  return name.empty() || name.size() > 4 ? no_slot : slot_table.find(packed(name));
}

void ResidueAtoms::add(const AtomRecord& atom) {
  if (atom.slot >= atom_slot_count) return;
  AtomRecord& present = chosen_[atom.slot];
  const std::uint64_t bit = std::uint64_t{1} << atom.slot;
  if ((present_ & bit) != 0) {
    if (atom.altloc == ' ') return;  // a name repeated without alternative location: the first one stands
    // An atom first given without an alternative location counts as the later of the two.
    const bool better =
        present.altloc == ' ' ? atom.occupancy >= present.occupancy : atom.occupancy > present.occupancy;
    if (!better) return;
  }
  present_ |= bit;
  present = atom;
}

void ResidueAtoms::place(ProteinChain& chain, std::size_t index) const {
  float* positions = chain.atom_positions.data() + index * atom37_count * 3;
  float* mask = chain.atom_mask.data() + index * atom37_count;
  const std::size_t slots = component_ == "MSE" ? atom_slot_count : atom37_count;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if ((present_ >> slot & 1) == 0) continue;
    const std::size_t to = slot < atom37_count ? slot : slot_of("SD");
    std::copy(chosen_[slot].position.begin(), chosen_[slot].position.end(), positions + 3 * to);
    mask[to] = 1;
  }
  chain.is_missing[index] = 0;
  if (component_ != "ARG") return;
  constexpr std::size_t cd = slot_of("CD"), nh1 = slot_of("NH1"), nh2 = slot_of("NH2");
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
