// A predicted chain as a structure file, for programs that show molecules. Gemmi writes both formats.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace foldperf::trainer {

struct PredictedStructure {
  std::string name;                   // 1ubi_A
  std::string chain;                  // author's id: A
  std::string sequence;               // one-letter codes
  std::vector<float> atom_positions;  // [length, 37, 3] Angstrom, OpenFold's atom37
  std::vector<float> atom_mask;       // [length, 37]: 1 for atoms that the residue type has
  std::vector<float> plddt;           // [length], 0 to 100
  std::string title;                  // what made it, one line

  [[nodiscard]] std::size_t length() const { return sequence.size(); }
  [[nodiscard]] std::size_t atoms() const;
};

// PDBx/mmCIF with ModelCIF's categories of predictions (mmcif_ma.dic): the pLDDT of each residue in
// _ma_qa_metric_local, their mean in _ma_qa_metric_global, and as B factor of each atom. Coordinates have three
// decimals, pLDDT two. A residue without atoms (X) is in the sequence alone.
std::string mmcif_text(const PredictedStructure& structure);

// Why a PDB file cannot hold the structure; empty where it can. It has columns for 99,999 atoms, 9,999 residues
// and coordinates of -999.999 to 9,999.999 Angstrom.
std::string beyond_pdb(const PredictedStructure& structure);
// The chain's id in the PDB file, which has one character for it: its own where that is one, else A.
std::string pdb_chain(const PredictedStructure& structure);
// PDB, pLDDT as B factors. Throws Error where beyond_pdb says why not.
std::string pdb_text(const PredictedStructure& structure);

}  // namespace foldperf::trainer
