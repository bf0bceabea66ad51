// PDB files to protein chains. Experiments: residues are put where an alignment with SEQRES has them, so that both
// formats of an entry give the same chain. Predictions: openfold data_pipeline.make_pdb_features.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <gemmi/align.hpp>
#include <gemmi/pdb.hpp>
#include <gemmi/polyheur.hpp>
#include <limits>
#include <map>
#include <optional>

#include "core/error.hpp"
#include "trainer/input/chain_builder.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr double confident_plddt = 50;

AtomRecord to_record(const gemmi::Atom& atom, const std::filesystem::path& path) {
  const auto is_coordinate = [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); };
  if (!is_coordinate(atom.pos.x) || !is_coordinate(atom.pos.y) || !is_coordinate(atom.pos.z) ||
      !std::isfinite(atom.occ)) {
    throw InputError(path.string(),
                     "atom " + std::to_string(atom.serial) + " (" + atom.name + ") has a coordinate that is no number");
  }
  AtomRecord record;
  record.slot = atom_slot(atom.name);
  record.altloc = atom.altloc == '\0' ? ' ' : atom.altloc;
  record.occupancy = atom.occ;
  record.position = {static_cast<float>(atom.pos.x), static_cast<float>(atom.pos.y), static_cast<float>(atom.pos.z)};
  return record;
}

ResidueAtoms to_atoms(const gemmi::Residue& residue, const std::filesystem::path& path) {
  ResidueAtoms atoms(residue.name);
  for (const gemmi::Atom& atom : residue.atoms) atoms.add(to_record(atom, path));
  return atoms;
}

double total_occupancy(const gemmi::Residue& residue) {
  double sum = 0;
  for (const gemmi::Atom& atom : residue.atoms) sum += atom.occ;
  return sum;
}

// "05-APR-00" to "2000-04-05"; empty where it is no date. The Protein Data Bank began in 1971.
std::string iso_date(std::string_view date) {
  constexpr std::string_view months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  const auto digit = [&](std::size_t i) { return std::isdigit(static_cast<unsigned char>(date[i])) != 0; };
  if (date.size() != 9 || !digit(0) || !digit(1) || !digit(7) || !digit(8)) return {};
  const std::size_t month = months.find(date.substr(3, 3));
  if (month == std::string_view::npos || month % 3 != 0) return {};
  const std::string number = std::to_string(month / 3 + 1);
  const char* century = date.substr(7) >= "71" ? "19" : "20";
  return century + std::string(date.substr(7)) + "-" + (number.size() == 1 ? "0" : "") + number + "-" +
         std::string(date.substr(0, 2));
}

std::string oldest_revision(const std::string& text) {
  std::string oldest;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.substr(0, 4) == "ATOM") break;
    if (line.substr(0, 6) != "REVDAT" || line.size() < 22) continue;
    const std::string date = iso_date(line.substr(13, 9));
    if (is_iso_date(date) && (oldest.empty() || date < oldest)) oldest = date;
  }
  return oldest;
}

// Of several residue types at one place, that of SEQRES, else the one of highest occupancy.
const gemmi::Residue& choose(const std::vector<const gemmi::Residue*>& variants, const std::string& component) {
  for (const gemmi::Residue* residue : variants) {
    if (residue->name == component) return *residue;
  }
  return **std::max_element(variants.begin(), variants.end(), [](const gemmi::Residue* a, const gemmi::Residue* b) {
    return total_occupancy(*a) < total_occupancy(*b);
  });
}

ProteinChain experimental_chain(const gemmi::ConstResidueSpan& polymer, const gemmi::Entity* entity,
                                const std::filesystem::path& path) {
  std::vector<std::string> components;
  if (entity) {
    for (const std::string& names : entity->full_sequence) components.push_back(gemmi::Entity::first_mon(names));
  }
  std::map<int, std::vector<const gemmi::Residue*>> at_position;
  if (components.empty()) {  // no SEQRES: the residues that there are
    std::optional<gemmi::SeqId> last;
    for (const gemmi::Residue& residue : polymer) {
      if (!last || !(residue.seqid == *last)) components.push_back(residue.name);
      last = residue.seqid;
      at_position[static_cast<int>(components.size())].push_back(&residue);
    }
    for (auto& [position, variants] : at_position) {
      components[static_cast<std::size_t>(position - 1)] = choose(variants, "").name;
    }
  } else {
    for (const gemmi::Residue& residue : polymer) {
      if (residue.label_seq) at_position[*residue.label_seq].push_back(&residue);
    }
  }
  ProteinChain chain;
  start_chain(chain, components);
  for (const auto& [position, variants] : at_position) {
    const auto index = static_cast<std::size_t>(position - 1);
    if (position < 1 || index >= components.size()) continue;
    to_atoms(choose(variants, components[index]), path).place(chain, index);
  }
  return chain;
}

std::optional<ProteinChain> predicted_chain(const gemmi::Chain& source, const std::filesystem::path& path) {
  std::vector<const gemmi::Residue*> residues;
  std::vector<std::string> names;
  for (const gemmi::Residue& residue : source.residues) {
    if (residue.seqid.has_icode()) {
      throw InputError(path.string(), "residue " + residue.seqid.str() + " of chain " + source.name +
                                          " has an insertion code, which a prediction cannot have");
    }
    const bool has_known_atom = std::any_of(residue.atoms.begin(), residue.atoms.end(), [](const gemmi::Atom& atom) {
      return atom_slot(atom.name) < atom37_count;
    });
    if (!has_known_atom) continue;
    residues.push_back(&residue);
    names.push_back(residue_from_name(residue.name) == unknown_residue ? "UNK" : residue.name);
  }
  if (residues.empty()) return std::nullopt;
  ProteinChain chain;
  start_chain(chain, names);
  for (std::size_t i = 0; i < residues.size(); ++i) {
    for (const gemmi::Atom& atom : residues[i]->atoms) {
      if (atom_slot(atom.name) >= atom37_count) continue;
      const AtomRecord record = to_record(atom, path);
      const std::size_t place = i * atom37_count + record.slot;
      std::copy(record.position.begin(), record.position.end(),
                chain.atom_positions.begin() + static_cast<std::ptrdiff_t>(3 * place));
      chain.atom_mask[place] = 1;
    }
    chain.is_missing[i] = 0;
    const bool is_confident = std::any_of(
        residues[i]->atoms.begin(), residues[i]->atoms.end(),
        [](const gemmi::Atom& atom) { return atom_slot(atom.name) < atom37_count && atom.b_iso > confident_plddt; });
    if (is_confident) continue;
    const auto first = chain.atom_mask.begin() + static_cast<std::ptrdiff_t>(i * atom37_count);
    std::fill(first, first + atom37_count, 0.0F);
  }
  chain.is_distillation = true;
  return chain;
}

void add_predicted_chains(StructureEntry& entry, const gemmi::Structure& structure, const std::filesystem::path& path) {
  if (structure.models.size() != 1) {
    throw InputError(path.string(),
                     "has " + std::to_string(structure.models.size()) + " models, but a prediction has one");
  }
  for (const gemmi::Chain& source : structure.models.front().chains) {
    auto chain = predicted_chain(source, path);
    if (!chain) continue;
    chain->chain = source.name;
    entry.chains.push_back(std::move(*chain));
  }
}

void add_experimental_chains(StructureEntry& entry, gemmi::Structure& structure, const std::string& text,
                             const std::filesystem::path& path) {
  try {
    structure.models.erase(structure.models.begin() + 1, structure.models.end());
    gemmi::setup_entities(structure);
    gemmi::assign_label_seq_id(structure, false);
  } catch (const std::exception& error) {
    throw InputError(path.string(), std::string("its residues do not fit its SEQRES records: ") + error.what());
  }
  const std::string release_date = oldest_revision(text);
  for (const gemmi::Chain& source : structure.models.front().chains) {
    const gemmi::ConstResidueSpan polymer = source.get_polymer();
    if (polymer.size() == 0) continue;
    const gemmi::Entity* entity = structure.get_entity_of(polymer);
    const auto type = entity ? entity->polymer_type : gemmi::PolymerType::Unknown;
    const bool is_protein =
        gemmi::is_polypeptide(type == gemmi::PolymerType::Unknown ? gemmi::check_polymer_type(polymer) : type);
    if (!is_protein) {
      entry.other_chains.push_back(source.name);
      continue;
    }
    ProteinChain chain = experimental_chain(polymer, entity, path);
    chain.chain = source.name;
    chain.resolution = structure.resolution;
    chain.release_date = release_date;
    entry.chains.push_back(std::move(chain));
  }
}

// The text without its records of bonds, which nothing here needs and Gemmi 0.5.7 reads beyond their end.
std::string without_bonds(std::string_view text) {
  constexpr std::size_t significant = 4;  // Gemmi looks at no more of a record's name, and not at its case
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    const std::string name = in_capitals(line.substr(0, significant));
    if (name != "LINK" && name != "SSBO" && name != "CISP") result += line;
    text.remove_prefix(line.size());
  }
  return result;
}

}  // namespace

StructureEntry parse_pdb(const std::string& text, const std::filesystem::path& path, const StructureOptions& options) {
  gemmi::Structure structure;
  try {
    const std::string atoms = without_bonds(text);
    structure = gemmi::read_pdb_from_memory(atoms.data(), atoms.size(), path.string());
  } catch (const std::exception& error) {
    throw InputError(path.string(), std::string("is no valid PDB file: ") + error.what());
  }
  if (structure.models.empty() || structure.models.front().chains.empty()) {
    throw InputError(path.string(), "has no atom coordinates: the file is truncated or no PDB file");
  }
  StructureEntry entry;
  entry.path = path.string();
  entry.entry = entry_name(path);
  if (!options.only_chain.empty()) {
    std::erase_if(structure.models.front().chains,
                  [&](const gemmi::Chain& chain) { return chain.name != options.only_chain; });
  }
  if (options.treat_pdb_as_distillation) {
    add_predicted_chains(entry, structure, path);
  } else {
    add_experimental_chains(entry, structure, text, path);
  }
  if (entry.chains.empty() && !options.only_chain.empty()) {
    StructureOptions all = options;
    all.only_chain.clear();
    return parse_pdb(text, path, all);
  }
  for (ProteinChain& chain : entry.chains) chain.entry = entry.entry;
  std::stable_sort(entry.chains.begin(), entry.chains.end(),
                   [](const ProteinChain& a, const ProteinChain& b) { return a.chain < b.chain; });
  return entry;
}

}  // namespace foldperf::trainer
