// The atoms of an mmCIF file's proteins, row by row of its _atom_site table, sorted into residues.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "trainer/input/chain_builder.hpp"
#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

// The columns that are read, without "_atom_site.".
inline constexpr std::array<const char*, 14> atom_columns = {
    "group_PDB",    "label_atom_id",     "label_alt_id", "label_comp_id",     "label_asym_id",
    "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x",      "Cartn_y",           "Cartn_z",
    "occupancy",    "auth_seq_id",       "auth_asym_id", "pdbx_PDB_model_num"};
// A row's values in these columns as they stand in the file, quotes and all.
using AtomValues = std::array<std::string_view, atom_columns.size()>;

// A value without its quotes or semicolons; nothing for '.' and '?'.
std::string_view plain_value(std::string_view raw);

// A value that is a number, and neither infinite nor NaN.
std::optional<double> finite_number(std::string_view raw);
// A value that must be a number. Throw InputError naming the tag.
int whole_number(std::string_view raw, const char* tag, const std::string& path);
double number(std::string_view raw, const char* tag, const std::string& path);

class MmcifAtoms {
 public:
  // Atoms of the chains in `proteins` (mmCIF ids) are kept; of these, those of `only_chain` (author's id) where that is
  // not empty.
  MmcifAtoms(std::string path, std::set<std::string, std::less<>> proteins, std::string only_chain)
      : path_(std::move(path)), proteins_(std::move(proteins)), only_chain_(std::move(only_chain)) {}

  // The next row; those of other models than the first row's are passed over. The values must stay where they are.
  // Throws InputError for a number that is none.
  void add(const AtomValues& values);

  // The author's id of a chain by its mmCIF id: the last one that the file gives it; null where no row names the chain.
  [[nodiscard]] const std::string* author_chain(std::string_view mmcif_chain) const;

  // Writes the atoms of an author's chain into `chain`, whose first residue has the number `first` in the sequence.
  void place(std::string_view author_chain, int first, ProteinChain& chain) const;

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  // How a residue is called in the file: whether it is a hetero atom and then of which kind, author's number, insertion
  // code.
  using ResidueName = std::tuple<char, std::string_view, int, std::string_view>;
  struct Atom {
    AtomRecord record;
    std::uint32_t next = none;  // of the same variant
  };
  // The atoms of one residue type (chemical component) that a residue has.
  struct Variant {
    std::string_view component;
    std::uint32_t first_atom = none, last_atom = none;
    std::uint32_t next = none;  // of the same residue
  };
  struct Residue {
    std::uint32_t first_variant = none;
    std::uint32_t last_variant = none;  // in the file's order of rows: of several that one counts
  };
  struct Chain {
    std::vector<Atom> atoms;
    std::vector<Variant> variants;
    std::vector<Residue> residues;
    std::map<ResidueName, std::uint32_t> by_name;
    std::vector<std::pair<int, std::uint32_t>> at_number;  // residue by number in the sequence: the last one counts
    AtomValues last{};                                     // row
  };

  void find_chain(std::string_view mmcif_chain, std::string_view author_chain);
  void find_residue(Chain& chain, const AtomValues& values) const;

  std::string path_;
  std::set<std::string, std::less<>> proteins_;
  std::string only_chain_;
  std::map<std::string, std::string, std::less<>> author_chains_;  // by mmCIF chain id
  std::map<std::string, Chain, std::less<>> chains_;               // by author's chain id
  std::string_view model_;
  // The last row's chain, by its two ids; null where it is not wanted.
  std::string_view mmcif_chain_, author_chain_;
  Chain* chain_ = nullptr;
};

}  // namespace foldperf::trainer
