// Collects a chain's atoms and settles what a file leaves open: alternative locations, residues of several types, atom
// names. The rules are those of OpenFold's mmcif_parsing.py and of the Bio.PDB parser that it builds on.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

struct AtomRecord {
  std::string name;
  char altloc = ' ';  // ' ' where the atom has one location
  double occupancy = 1;
  std::array<float, 3> position{};
};

// The atoms of one residue type at one place of a chain, one location each: the one of highest occupancy, the first of
// equals.
class ResidueAtoms {
 public:
  explicit ResidueAtoms(std::string name = {}) : name_(std::move(name)) {}
  void add(const AtomRecord& atom);
  [[nodiscard]] const std::string& name() const { return name_; }
  // Writes the atoms with a slot in atom37 into residue `index`: MSE's SE takes SD's slot, and NH1 and NH2 of an
  // arginine are exchanged where NH2 is nearer to CD.
  void place(ProteinChain& chain, std::size_t index) const;

 private:
  std::string name_;
  std::map<std::string, AtomRecord> chosen_;
};

// Sets the chain's sequence and gives it as many unresolved residues.
void start_chain(ProteinChain& chain, const std::vector<std::string>& components);

}  // namespace foldperf::trainer
