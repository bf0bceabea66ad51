// Collects a residue's atoms and settles what a file leaves open: alternative locations and atom names. The rules are
// those of OpenFold's mmcif_parsing.py and of the Bio.PDB parser that it builds on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/structure.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

// The atoms that count have a name of atom37, whose slot this is, or are selenium in one of the ways to spell that
// (they take a slot of atom37 in selenomethionine).
using AtomSlot = std::uint8_t;
inline constexpr std::array<std::string_view, 4> selenium_names = {"SE", "Se", "sE", "se"};
inline constexpr std::size_t atom_slot_count = atom37_count + selenium_names.size();
inline constexpr AtomSlot no_slot = 255;
AtomSlot atom_slot(std::string_view name);

struct AtomRecord {
  double occupancy = 1;
  std::array<float, 3> position{};
  AtomSlot slot = no_slot;
  char altloc = ' ';  // ' ' where the atom has one location
};

// The atoms of one residue type at one place of a chain, one location each: the one of highest occupancy, the first of
// equals.
class ResidueAtoms {
 public:
  explicit ResidueAtoms(std::string_view component) : component_(component) {}
  // Atoms without slot are passed over.
  void add(const AtomRecord& atom);
  // Writes the atoms into residue `index`: MSE's SE takes SD's slot, and NH1 and NH2 of an arginine are exchanged where
  // NH2 is nearer to CD.
  void place(ProteinChain& chain, std::size_t index) const;

 private:
  std::string_view component_;
  std::uint64_t present_ = 0;  // a bit for each slot
  std::array<AtomRecord, atom_slot_count> chosen_;
};

// Sets the chain's sequence and gives it as many unresolved residues.
void start_chain(ProteinChain& chain, const std::vector<std::string>& components);

}  // namespace foldperf::trainer
