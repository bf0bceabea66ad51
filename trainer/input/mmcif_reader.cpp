// mmCIF to protein chains, as openfold/data/mmcif_parsing.py does it.
#include <algorithm>
#include <cmath>
#include <gemmi/atof.hpp>
#include <gemmi/cif.hpp>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "core/error.hpp"
#include "trainer/input/chain_builder.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace cif = gemmi::cif;

namespace {

// One monomer of an entity's sequence.
struct Monomer {
  std::string component;
  int number = 0;
};

// A protein chain by its mmCIF id: several may share an author's id only in unusual files.
using Polymers = std::map<std::string, std::vector<Monomer>>;

struct EntityPolymers {
  Polymers proteins;             // by mmCIF chain id
  std::set<std::string> others;  // mmCIF ids of chains without any peptide
  // Of each protein: which entity, in the order of their sequences, and which row of _struct_asym.
  std::map<std::string, std::pair<std::size_t, std::size_t>> places;
};

class MmcifReader {
 public:
  MmcifReader(cif::Block& block, const std::filesystem::path& path, const StructureOptions& options)
      : block_(block), path_(path), options_(options) {}

  StructureEntry read() {
    StructureEntry entry;
    entry.path = path_.string();
    entry.entry = entry_name(path_);
    const EntityPolymers polymers = read_polymers();
    read_atoms(polymers);
    const bool has_only_chain =
        !options_.only_chain.empty() &&
        std::any_of(polymers.proteins.begin(), polymers.proteins.end(), [&](const auto& protein) {
          const auto author = author_chain_.find(protein.first);
          return author != author_chain_.end() && author->second == options_.only_chain;
        });
    for (const auto& [mmcif_chain, sequence] : polymers.proteins) {
      const auto author = author_chain_.find(mmcif_chain);
      if (author == author_chain_.end()) continue;  // no residue of it is resolved
      if (has_only_chain && author->second != options_.only_chain) continue;
      ProteinChain& chain = entry.chains.emplace_back(build_chain(author->second, sequence));
      chain.entry = entry.entry;
      chain.place = static_cast<std::size_t>(std::count_if(
          polymers.places.begin(), polymers.places.end(),
          [&, place = polymers.places.at(mmcif_chain)](const auto& other) { return other.second < place; }));
      chain.resolution = read_resolution();
      chain.release_date = read_release_date();
    }
    std::sort(entry.chains.begin(), entry.chains.end(),
              [](const ProteinChain& a, const ProteinChain& b) { return a.chain < b.chain; });
    for (const std::string& chain : polymers.others) {
      const auto author = author_chain_.find(chain);
      entry.other_chains.push_back(author == author_chain_.end() ? chain : author->second);
    }
    return entry;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw InputError(path_.string(), message); }

  int integer(const std::string& text, const char* tag) const {
    const std::string plain = cif::as_string(text);
    int value = 0;
    std::size_t used = 0;
    try {
      value = std::stoi(plain, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != plain.size()) fail(std::string(tag) + ": '" + plain + "' is not a whole number");
    return value;
  }

  double number(const std::string& text, const char* tag) const {
    const std::string plain = cif::as_string(text);
    const auto value = parse_number(plain);
    if (!value) fail(std::string(tag) + ": '" + plain + "' is not a number");
    return *value;
  }

  static std::optional<double> parse_number(const std::string& plain) {
    double value = 0;
    const auto result = gemmi::fast_from_chars(plain.data(), plain.data() + plain.size(), value);
    if (result.ec != std::errc() || result.ptr != plain.data() + plain.size() || !std::isfinite(value))
      return std::nullopt;
    return value;
  }

  EntityPolymers read_polymers() {
    std::map<std::string, std::vector<Monomer>> sequences;
    std::map<std::string, std::size_t> entity_places;
    for (auto row : block_.find("_entity_poly_seq.", {"entity_id", "mon_id", "num"})) {
      entity_places.emplace(row.str(0), entity_places.size());
      auto& sequence = sequences[row.str(0)];
      const int position = integer(row.at(2), "_entity_poly_seq.num");
      const bool is_alternative = std::any_of(sequence.rbegin(), sequence.rend(),
                                              [&](const Monomer& monomer) { return monomer.number == position; });
      if (is_alternative && !options_.repeat_heterogeneous_residues) continue;
      sequence.push_back({row.str(1), position});
    }
    std::set<std::string> peptides;
    for (auto row : block_.find("_chem_comp.", {"id", "type"})) {
      if (gemmi::to_lower(row.str(1)).find("peptide") != std::string::npos) peptides.insert(row.str(0));
    }
    EntityPolymers result;
    for (auto row : block_.find("_struct_asym.", {"id", "entity_id"})) {
      const auto found = sequences.find(row.str(1));
      if (found == sequences.end()) continue;
      const bool is_protein = std::any_of(found->second.begin(), found->second.end(), [&](const Monomer& monomer) {
        return peptides.count(monomer.component) != 0;
      });
      if (is_protein) {
        result.proteins[row.str(0)] = found->second;
        result.places.emplace(row.str(0), std::pair(entity_places.at(row.str(1)), result.places.size()));
      } else {
        result.others.insert(row.str(0));
      }
    }
    return result;
  }

  double read_resolution() {
    for (const char* tag : {"_refine.ls_d_res_high", "_em_3d_reconstruction.resolution", "_reflns.d_resolution_high"}) {
      const auto column = block_.find_values(tag);
      if (column.length() == 0) continue;
      if (const auto value = parse_number(cif::as_string(column.at(0)))) return *value;
    }
    return 0;
  }

  std::string read_release_date() {
    std::string oldest;
    for (const std::string& raw : block_.find_values("_pdbx_audit_revision_history.revision_date")) {
      const std::string date = cif::as_string(raw);
      if (oldest.empty() || date < oldest) oldest = date;
    }
    return oldest;
  }

  // How a residue is called in the file: flag for hetero atoms, author's number, insertion code.
  using ResidueId = std::tuple<std::string, int, std::string>;

  struct AuthorChain {
    std::map<ResidueId, std::map<std::string, ResidueAtoms>> residues;  // by residue type
    std::map<ResidueId, std::string> last_type;                         // of several types the file's last one counts
    std::map<int, ResidueId> at_position;                               // by number in the sequence
  };

  void read_atoms(const EntityPolymers& polymers) {
    auto table =
        block_.find("_atom_site.", {"group_PDB", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id",
                                    "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y", "Cartn_z", "occupancy",
                                    "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num"});
    if (table.length() == 0) {
      fail("no atom coordinates (a complete _atom_site table): the file is truncated or holds no structure");
    }
    std::string model;
    for (auto row : table) {
      if (model.empty()) model = row.at(13);
      if (row.at(13) != model) continue;  // only the first model
      const std::string mmcif_chain = row.str(4);
      const std::string author_chain = row.str(12);
      author_chain_[mmcif_chain] = author_chain;
      const std::string component = row.str(3);
      std::string flag;
      if (row.str(0) == "HETATM") flag = component == "HOH" || component == "WAT" ? "W" : "H_" + component;
      const std::string insertion = cif::is_null(row.at(6)) ? "" : row.str(6);
      if (polymers.proteins.count(mmcif_chain) == 0) continue;
      const ResidueId id{flag, integer(row.at(11), "_atom_site.auth_seq_id"), insertion};
      AuthorChain& chain = chains_[author_chain];
      AtomRecord atom;
      atom.name = row.str(1);
      atom.altloc = cif::is_null(row.at(2)) ? ' ' : row.str(2).front();
      atom.occupancy = number(row.at(10), "_atom_site.occupancy");
      atom.position = {static_cast<float>(number(row.at(7), "_atom_site.Cartn_x")),
                       static_cast<float>(number(row.at(8), "_atom_site.Cartn_y")),
                       static_cast<float>(number(row.at(9), "_atom_site.Cartn_z"))};
      chain.residues[id].try_emplace(component, component).first->second.add(atom);
      chain.last_type[id] = component;
      chain.at_position[integer(row.at(5), "_atom_site.label_seq_id")] = id;
    }
  }

  ProteinChain build_chain(const std::string& author_chain, const std::vector<Monomer>& sequence) {
    ProteinChain result;
    result.chain = author_chain;
    std::vector<std::string> components;
    int first = std::numeric_limits<int>::max();
    for (const Monomer& monomer : sequence) {
      components.push_back(monomer.component);
      first = std::min(first, monomer.number);
    }
    start_chain(result, components);
    const AuthorChain& atoms = chains_[author_chain];
    for (const auto& [number, id] : atoms.at_position) {
      const std::int64_t index = std::int64_t{number} - first;
      if (index < 0 || index >= static_cast<std::int64_t>(components.size())) continue;
      atoms.residues.at(id).at(atoms.last_type.at(id)).place(result, static_cast<std::size_t>(index));
    }
    return result;
  }

  cif::Block& block_;
  const std::filesystem::path& path_;
  const StructureOptions& options_;
  std::map<std::string, std::string> author_chain_;  // by mmCIF chain id
  std::map<std::string, AuthorChain> chains_;        // by author's chain id
};

// Files of the Protein Data Bank end every category with a line that holds only '#'. A file cut between two lines of
// its atom table is valid mmCIF, and its missing residues would pass for unresolved ones.
void refuse_cut_file(const std::string& text, const std::filesystem::path& path) {
  constexpr std::size_t hashes_of_archive_file = 10;
  std::size_t hashes = 0;
  std::string_view last;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty()) continue;
    last = line;
    hashes += line == "#";
  }
  if (hashes >= hashes_of_archive_file && last != "#") {
    throw InputError(path.string(), lines.number(),
                     "the last table does not end in '#' as the others do: the file is truncated");
  }
}

}  // namespace

StructureEntry parse_mmcif(const std::string& text, const std::filesystem::path& path,
                           const StructureOptions& options) {
  cif::Document document;
  try {
    document = cif::read_memory(text.data(), text.size(), path.c_str());
  } catch (const tao::pegtl::parse_error& error) {
    const std::size_t line = error.positions().empty() ? 0 : error.positions().front().line;
    throw InputError(path.string(), line,
                     "is no valid mmCIF here, or ends here too early: " + std::string(error.message()));
  } catch (const std::runtime_error& error) {
    throw InputError(path.string(), std::string("is no valid mmCIF: ") + error.what());
  }
  if (document.blocks.empty()) throw InputError(path.string(), "is no mmCIF file: it has no data block");
  refuse_cut_file(text, path);
  return MmcifReader(document.blocks.front(), path, options).read();
}

}  // namespace foldperf::trainer
