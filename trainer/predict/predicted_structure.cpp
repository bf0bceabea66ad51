#include "trainer/predict/predicted_structure.hpp"

// Gemmi's writers are in its headers for one file that asks for them. Its own sprintf is not part of Debian's package.
#define GEMMI_WRITE_IMPLEMENTATION
#define USE_STD_SNPRINTF
#include <cmath>
#include <cstdio>
#include <gemmi/to_cif.hpp>
#include <gemmi/to_mmcif.hpp>
#include <gemmi/to_pdb.hpp>
#include <set>
#include <sstream>
#include <string_view>

#include "core/error.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t most_pdb_atoms = 99'998;  // 99,999 serial numbers, one of them TER's
constexpr std::size_t most_pdb_residues = 9'999;
// Angstrom: what its columns of eight characters, three of them decimals, can hold.
constexpr double least_pdb_coordinate = -999.999, most_pdb_coordinate = 9'999.999;

double rounded(double value, double per_unit) { return std::round(value * per_unit) / per_unit; }

std::string two_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

std::string_view residue_name(char letter) {
  return residue_names[static_cast<std::size_t>(residue_from_letter(letter))];
}

gemmi::Residue residue_of(const PredictedStructure& structure, std::size_t index) {
  gemmi::Residue residue;
  residue.name = residue_name(structure.sequence[index]);
  residue.seqid.num = static_cast<int>(index + 1);
  residue.label_seq = static_cast<int>(index + 1);
  residue.subchain = "A";
  residue.entity_id = "1";
  residue.entity_type = gemmi::EntityType::Polymer;
  residue.het_flag = 'A';
  for (std::size_t atom = 0; atom < atom37_count; ++atom) {
    const std::size_t place = index * atom37_count + atom;
    if (structure.atom_mask[place] == 0) continue;
    gemmi::Atom& added = residue.atoms.emplace_back();
    added.name = atom37_names[atom];
    added.element = gemmi::Element(std::string(1, atom37_names[atom].front()));
    const float* position = structure.atom_positions.data() + 3 * place;
    added.pos = {rounded(position[0], 1000), rounded(position[1], 1000), rounded(position[2], 1000)};
    added.occ = 1;
    added.b_iso = static_cast<float>(rounded(structure.plddt[index], 100));
  }
  return residue;
}

gemmi::Structure structure_of(const PredictedStructure& from, const std::string& chain_name) {
  gemmi::Structure structure;
  structure.name = from.name;
  gemmi::Chain chain(chain_name);
  gemmi::Entity entity("1");
  entity.entity_type = gemmi::EntityType::Polymer;
  entity.polymer_type = gemmi::PolymerType::PeptideL;
  entity.subchains = {"A"};
  for (std::size_t i = 0; i < from.length(); ++i) {
    entity.full_sequence.emplace_back(residue_name(from.sequence[i]));
    gemmi::Residue residue = residue_of(from, i);
    if (!residue.atoms.empty()) chain.residues.push_back(std::move(residue));
  }
  structure.entities.push_back(std::move(entity));
  gemmi::Model model("1");
  model.chains.push_back(std::move(chain));
  structure.models.push_back(std::move(model));
  return structure;
}

// By these types readers know that the chain is a protein; Gemmi does not write them.
void add_components(gemmi::cif::Block& block, const PredictedStructure& structure) {
  std::set<std::string_view> names;
  for (const char letter : structure.sequence) names.insert(residue_name(letter));
  gemmi::cif::Loop& components = block.init_mmcif_loop("_chem_comp.", {"id", "type"});
  for (const std::string_view name : names)
    components.add_row({std::string(name), name == "GLY" ? "'peptide linking'" : "'L-peptide linking'"});
}

// What the categories of ModelCIF say about a prediction, as AlphaFold DB's files do.
void add_model_categories(gemmi::cif::Block& block, const PredictedStructure& structure) {
  const auto quote = [](const std::string& text) { return gemmi::cif::quote(text); };
  block.set_pair("_struct.entry_id", quote(structure.name));
  block.set_pair("_struct.title", quote(structure.title));
  gemmi::cif::Loop& conform = block.init_mmcif_loop("_audit_conform.", {"dict_name", "dict_version", "dict_location"});
  conform.add_row(
      {"mmcif_ma.dic", "1.4.6", "https://raw.githubusercontent.com/ihmwg/ModelCIF/master/dist/mmcif_ma.dic"});
  gemmi::cif::Loop& software =
      block.init_mmcif_loop("_software.", {"pdbx_ordinal", "name", "classification", "description"});
  software.add_row({"1", "foldperf", "'model building'", "'OpenFold in C++'"});
  block.init_mmcif_loop("_ma_software_group.", {"ordinal_id", "group_id", "software_id"}).add_row({"1", "1", "1"});
  block.init_mmcif_loop("_ma_data.", {"id", "name", "content_type"}).add_row({"1", "Model", "'model coordinates'"});
  block
      .init_mmcif_loop("_ma_model_list.",
                       {"ordinal_id", "model_id", "model_group_id", "model_name", "data_id", "model_type"})
      .add_row({"1", "1", "1", quote(structure.name), "1", "'Ab initio model'"});
  gemmi::cif::Loop& metrics =
      block.init_mmcif_loop("_ma_qa_metric.", {"id", "mode", "name", "type", "software_group_id"});
  metrics.add_row({"1", "global", "pLDDT", "pLDDT", "1"});
  metrics.add_row({"2", "local", "pLDDT", "pLDDT", "1"});
  double sum = 0;
  for (const float plddt : structure.plddt) sum += plddt;
  block.init_mmcif_loop("_ma_qa_metric_global.", {"ordinal_id", "model_id", "metric_id", "metric_value"})
      .add_row({"1", "1", "1", two_decimals(sum / static_cast<double>(structure.length()))});
  gemmi::cif::Loop& local = block.init_mmcif_loop(
      "_ma_qa_metric_local.",
      {"ordinal_id", "model_id", "label_asym_id", "label_seq_id", "label_comp_id", "metric_id", "metric_value"});
  for (std::size_t i = 0; i < structure.length(); ++i) {
    const std::string number = std::to_string(i + 1);
    local.add_row({number, "1", "A", number, std::string(residue_name(structure.sequence[i])), "2",
                   two_decimals(structure.plddt[i])});
  }
}

}  // namespace

std::size_t PredictedStructure::atoms() const {
  std::size_t count = 0;
  for (const float mask : atom_mask) count += mask != 0;
  return count;
}

std::string mmcif_text(const PredictedStructure& structure) {
  gemmi::cif::Document document;
  document.blocks.resize(1);
  gemmi::cif::Block& block = document.blocks.front();
  block.name = structure.name;
  const gemmi::Structure with_atoms = structure_of(structure, structure.chain);
  gemmi::MmcifOutputGroups groups(false);
  groups.entry = groups.entity = groups.entity_poly = groups.entity_poly_seq = true;
  groups.struct_asym = groups.atom_type = groups.group_pdb = true;
  gemmi::update_mmcif_block(with_atoms, block, groups);
  add_components(block, structure);
  add_model_categories(block, structure);
  // Atoms come last, as people expect them.
  gemmi::MmcifOutputGroups atoms(false);
  atoms.atoms = atoms.group_pdb = true;
  gemmi::update_mmcif_block(with_atoms, block, atoms);
  std::ostringstream out;
  gemmi::cif::write_cif_to_stream(out, document, gemmi::cif::Style::Pdbx);
  return std::move(out).str();
}

std::string beyond_pdb(const PredictedStructure& structure) {
  if (structure.length() > most_pdb_residues) {
    return std::to_string(structure.length()) + " residues; a PDB file can number " + std::to_string(most_pdb_residues);
  }
  const std::size_t atoms = structure.atoms();
  if (atoms > most_pdb_atoms)
    return std::to_string(atoms) + " atoms; a PDB file can number " + std::to_string(most_pdb_atoms);
  for (const float value : structure.atom_positions) {
    const double coordinate = rounded(value, 1000);
    if (coordinate < least_pdb_coordinate || coordinate > most_pdb_coordinate) {
      return "a coordinate of " + two_decimals(coordinate) +
             " Angstrom; a PDB file has columns for -999.999 to 9999.999";
    }
  }
  return {};
}

std::string pdb_chain(const PredictedStructure& structure) {
  return structure.chain.size() == 1 ? structure.chain : "A";
}

std::string pdb_text(const PredictedStructure& structure) {
  if (const std::string reason = beyond_pdb(structure); !reason.empty()) throw Error(structure.name + " has " + reason);
  gemmi::Structure pdb = structure_of(structure, pdb_chain(structure));
  pdb.info["_struct.title"] = structure.title;
  gemmi::PdbWriteOptions options;
  options.cryst1_record = false;
  std::ostringstream out;
  gemmi::write_pdb(pdb, out, options);
  return std::move(out).str();
}

}  // namespace foldperf::trainer
