// Small mmCIF entries written by tests.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace foldperf::testing {

// Fields of an atom as the tables have them.
struct AtomLine {
  std::string group = "ATOM", name = "CA", altloc = ".", component = "ALA";
  int position = 1;  // in the sequence
  std::string x = "1.0", y = "2.0", z = "3.0", occupancy = "1.00";
  int model = 1;
  std::string insertion = "?";
  std::string mmcif_chain = "A", author_chain = "A";
};

struct EntryText {
  std::vector<std::string> sequence;  // chemical components
  std::vector<AtomLine> atoms;
  std::string component_type = "'L-peptide linking'";
  std::vector<int> numbers = {};  // of the sequence, if not 1, 2, ...
  std::string extra = {};
};

inline std::string to_mmcif(const EntryText& entry) {
  std::string text = "data_TEST\n" + entry.extra +
                     "loop_\n_entity_poly_seq.entity_id\n_entity_poly_seq.num\n_entity_poly_seq.mon_id\n";
  for (std::size_t i = 0; i < entry.sequence.size(); ++i) {
    const int number = entry.numbers.empty() ? static_cast<int>(i) + 1 : entry.numbers[i];
    text += "1 " + std::to_string(number) + " " + entry.sequence[i] + "\n";
  }
  text += "loop_\n_chem_comp.id\n_chem_comp.type\n";
  std::set<std::string> named;
  for (const std::string& component : entry.sequence) {
    if (named.insert(component).second) text += component + " " + entry.component_type + "\n";
  }
  text += "loop_\n_struct_asym.id\n_struct_asym.entity_id\nA 1\n";
  text +=
      "loop_\n_atom_site.group_PDB\n_atom_site.id\n_atom_site.label_atom_id\n_atom_site.label_alt_id\n_atom_site.label_"
      "comp_id\n"
      "_atom_site.label_asym_id\n_atom_site.label_seq_id\n_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n_atom_site."
      "Cartn_y\n"
      "_atom_site.Cartn_z\n_atom_site.occupancy\n_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n_atom_site.pdbx_PDB_"
      "model_num\n";
  int serial = 0;
  for (const AtomLine& a : entry.atoms) {
    text += a.group + " " + std::to_string(++serial) + " " + a.name + " " + a.altloc + " " + a.component + " " +
            a.mmcif_chain + " " + std::to_string(a.position) + " " + a.insertion + " " + a.x + " " + a.y + " " + a.z +
            " " + a.occupancy + " " + std::to_string(a.position + 100) + " " + a.author_chain + " " +
            std::to_string(a.model) + "\n";
  }
  return text + "#\n";
}

}  // namespace foldperf::testing
