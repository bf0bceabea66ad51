// Experimental structures as training targets: protein chains read from mmCIF and PDB files through Gemmi.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace foldperf::trainer {

// One protein chain over its whole sequence (SEQRES), residues without coordinates included.
struct ProteinChain {
  std::string entry;     // file name without extension: 2q2k
  std::string chain;     // author's chain id: A
  std::string sequence;  // one-letter codes; modified residues as the amino acid they are made from, 'X' where unknown
  std::vector<float> atom_positions;     // [length, 37, 3] Angstrom, zeros where not resolved
  std::vector<float> atom_mask;          // [length, 37]
  std::vector<std::uint8_t> is_missing;  // [length]: 1 for residues without any coordinates
  double resolution = 0;                 // Angstrom; 0 where the file names none (NMR)
  std::string release_date;              // oldest revision, YYYY-MM-DD; empty where the file names none
  std::size_t place = 0;                 // among the mmCIF file's proteins: by entity, then as the file names them
  bool is_distillation = false;          // a prediction, not an experiment

  [[nodiscard]] std::size_t length() const { return sequence.size(); }
  [[nodiscard]] std::string name() const { return entry + "_" + chain; }
};

struct StructureEntry {
  std::string path;
  std::string entry;
  std::vector<ProteinChain> chains;       // sorted by chain id; empty for DNA, RNA or small molecules only
  std::vector<std::string> other_chains;  // polymers that are no proteins (not all of them where one chain is read)
};

struct StructureOptions {
  // What a position of the sequence with several residue types (microheterogeneity) becomes. OpenFold appends every
  // type to the sequence, which shifts all that follows against the coordinates; normally the first one is kept.
  bool repeat_heterogeneous_residues = false;
  // .pdb files are predictions, read as openfold data_pipeline.make_pdb_features does: residues as they stand in the
  // file, those masked whose B factor (pLDDT) is nowhere above 50.
  bool treat_pdb_as_distillation = false;
  // Author's id of the only protein chain that is wanted (empty: all of them): no other is built, and where the file's
  // form allows it, no other is read, so that damage there may stay unnoticed (never that the file is cut off). A file
  // that has no such chain is read as without this option: find_chain can then name those it has.
  std::string only_chain;
};

// .cif, .mmcif, .pdb and .ent files, each also as .gz.
bool is_structure_file(const std::filesystem::path& path);
// File name without these extensions (and without "pdb" before four characters in .ent names: pdb1ubi.ent is 1ubi).
std::string entry_name(const std::filesystem::path& path);

// Reads every protein chain of the first model. Throws InputError, with the line where there is one, for a file that is
// damaged, truncated or holds no coordinates. An entry without protein chains is returned with none.
StructureEntry read_structure(const std::filesystem::path& path, const StructureOptions& options = {});

// As read_structure, from text in memory. `path` is for messages and the entry's name.
StructureEntry parse_mmcif(const std::string& text, const std::filesystem::path& path,
                           const StructureOptions& options = {});
StructureEntry parse_pdb(const std::string& text, const std::filesystem::path& path,
                         const StructureOptions& options = {});

// The chain asked for; an empty id means the only one. Throws InputError naming those there are.
const ProteinChain& find_chain(const StructureEntry& entry, std::string_view chain);

}  // namespace foldperf::trainer
