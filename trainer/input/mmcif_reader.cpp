// mmCIF to protein chains, as openfold/data/mmcif_parsing.py does it.
#include <algorithm>
#include <array>
#include <gemmi/cif.hpp>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "core/error.hpp"
#include "trainer/input/chain_builder.hpp"
#include "trainer/input/mmcif_atoms.hpp"
#include "trainer/input/mmcif_excerpt.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace cif = gemmi::cif;

namespace {

// An entity's sequence, one chemical component a residue.
struct Sequence {
  std::vector<std::string> components;
  std::vector<int> numbers;
  int largest = std::numeric_limits<int>::min();  // number
  std::size_t place = 0;                          // among the entities
  bool is_protein = false;                        // has a peptide
};

// Chains by their mmCIF id: several may share an author's id only in unusual files.
struct Polymers {
  struct Protein {
    const Sequence* sequence = nullptr;
    std::pair<std::size_t, std::size_t> place;  // of the entity; row of _struct_asym
  };
  std::map<std::string, Sequence> sequences;  // by entity
  std::map<std::string, Protein> proteins;
  std::set<std::string> others;
};

// All that is read beside the atoms.
constexpr std::array<std::string_view, 7> categories = {"_entity_poly_seq.",
                                                        "_chem_comp.",
                                                        "_struct_asym.",
                                                        "_refine.",
                                                        "_reflns.",
                                                        "_em_3d_reconstruction.",
                                                        "_pdbx_audit_revision_history."};

class MmcifReader {
 public:
  MmcifReader(cif::Block& block, const std::filesystem::path& path, const StructureOptions& options)
      : block_(block), path_(path), options_(options), polymers_(read_polymers()) {}

  // The atoms of the chains of this author's id, of all if it is empty. To be filled row by row.
  [[nodiscard]] MmcifAtoms start_atoms(const std::string& only_chain) const {
    std::set<std::string, std::less<>> proteins;
    for (const auto& [id, protein] : polymers_.proteins) proteins.insert(id);
    return {path_.string(), std::move(proteins), only_chain};
  }

  // The atoms that the block has.
  MmcifAtoms read_atoms(const std::string& only_chain) {
    cif::Table table = block_.find("_atom_site.", {atom_columns.begin(), atom_columns.end()});
    const std::size_t rows = table.length();
    if (rows == 0) {
      throw InputError(
          path_.string(),
          "no atom coordinates (a complete _atom_site table): the file is truncated or holds no structure");
    }
    MmcifAtoms atoms = start_atoms(only_chain);
    AtomValues values;
    const cif::Loop* loop = table.get_loop();
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < values.size(); ++column) {
        values[column] = loop ? loop->val(row, static_cast<std::size_t>(table.positions[column]))
                              : table[static_cast<int>(row)].at(static_cast<int>(column));
      }
      atoms.add(values);
    }
    return atoms;
  }

  StructureEntry to_entry(const MmcifAtoms& atoms, const std::string& only_chain) {
    StructureEntry entry;
    entry.path = path_.string();
    entry.entry = entry_name(path_);
    for (const auto& [id, protein] : polymers_.proteins) {
      const std::string* author = atoms.author_chain(id);
      if (author == nullptr) continue;  // no residue of it is resolved
      if (!only_chain.empty() && *author != only_chain) continue;
      ProteinChain& chain = entry.chains.emplace_back();
      chain.entry = entry.entry;
      chain.chain = *author;
      const Sequence& sequence = *protein.sequence;
      start_chain(chain, sequence.components);
      atoms.place(*author, *std::min_element(sequence.numbers.begin(), sequence.numbers.end()), chain);
      chain.place = static_cast<std::size_t>(
          std::count_if(polymers_.proteins.begin(), polymers_.proteins.end(),
                        [&, place = protein.place](const auto& other) { return other.second.place < place; }));
      chain.resolution = read_resolution();
      chain.release_date = read_release_date();
    }
    std::stable_sort(entry.chains.begin(), entry.chains.end(),
                     [](const ProteinChain& a, const ProteinChain& b) { return a.chain < b.chain; });
    for (const std::string& id : polymers_.others) {
      const std::string* author = atoms.author_chain(id);
      entry.other_chains.push_back(author ? *author : id);
    }
    return entry;
  }

 private:
  Polymers read_polymers() {
    Polymers result;
    for (auto row : block_.find("_entity_poly_seq.", {"entity_id", "mon_id", "num"})) {
      const auto [found, is_new] = result.sequences.try_emplace(row.str(0));
      Sequence& sequence = found->second;
      if (is_new) sequence.place = result.sequences.size() - 1;
      const int number = whole_number(row.at(2), "_entity_poly_seq.num", path_.string());
      const bool is_alternative =
          number <= sequence.largest &&
          std::find(sequence.numbers.begin(), sequence.numbers.end(), number) != sequence.numbers.end();
      if (is_alternative && !options_.repeat_heterogeneous_residues) continue;
      sequence.largest = std::max(sequence.largest, number);
      sequence.components.push_back(row.str(1));
      sequence.numbers.push_back(number);
    }
    std::set<std::string> peptides;
    for (auto row : block_.find("_chem_comp.", {"id", "type"})) {
      if (gemmi::to_lower(row.str(1)).find("peptide") != std::string::npos) peptides.insert(row.str(0));
    }
    for (auto& [entity, sequence] : result.sequences) {
      sequence.is_protein = std::any_of(sequence.components.begin(), sequence.components.end(),
                                        [&](const std::string& component) { return peptides.contains(component); });
    }
    for (auto row : block_.find("_struct_asym.", {"id", "entity_id"})) {
      const auto found = result.sequences.find(row.str(1));
      if (found == result.sequences.end()) continue;
      const Sequence& sequence = found->second;
      if (sequence.is_protein) {
        const Polymers::Protein protein{&sequence, {sequence.place, result.proteins.size()}};
        result.proteins.try_emplace(row.str(0), protein).first->second.sequence = &sequence;
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
      if (const auto value = finite_number(column.at(0))) return *value;
    }
    return 0;
  }

  std::string read_release_date() {
    std::string oldest;
    for (const std::string& raw : block_.find_values("_pdbx_audit_revision_history.revision_date")) {
      const std::string date = cif::as_string(raw);
      if (is_iso_date(date) && (oldest.empty() || date < oldest)) oldest = date;
    }
    return oldest;
  }

  cif::Block& block_;
  const std::filesystem::path& path_;
  const StructureOptions& options_;
  Polymers polymers_;
};

cif::Document parse_document(std::string_view text, const std::filesystem::path& path) {
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
  return document;
}

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

// Adds the rows of an excerpt. False, where they are not as the table's tags say.
bool add_rows(const MmcifExcerpt& excerpt, MmcifAtoms& atoms) {
  std::array<std::size_t, atom_columns.size()> places{};
  for (std::size_t column = 0; column < places.size(); ++column) {
    const auto tag =
        std::find(excerpt.atom_tags.begin(), excerpt.atom_tags.end(), in_small_letters(atom_columns[column]));
    if (tag == excerpt.atom_tags.end()) return false;
    places[column] = static_cast<std::size_t>(tag - excerpt.atom_tags.begin());
  }
  MmcifRow row;
  AtomValues values;
  for (std::string_view lines : excerpt.atom_lines) {
    while (!lines.empty()) {
      const std::size_t end = lines.find('\n');
      const std::string_view line = lines.substr(0, end);
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
      if (!row.split(line)) return false;
      if (row.size() == 0) continue;
      if (row.size() != excerpt.atom_tags.size()) return false;
      for (std::size_t column = 0; column < values.size(); ++column) values[column] = row[places[column]];
      atoms.add(values);
    }
  }
  return true;
}

// The wanted chain, where the file's form allows to read it without the rest, and nothing looks wrong.
std::optional<StructureEntry> read_only_chain(const std::string& text, const std::filesystem::path& path,
                                              const StructureOptions& options) {
  const std::optional<MmcifExcerpt> excerpt = take_excerpt(text, categories);
  if (!excerpt) return std::nullopt;
  try {
    cif::Document document = parse_document(excerpt->tables, path);
    MmcifReader reader(document.blocks.front(), path, options);
    MmcifAtoms atoms = reader.start_atoms(options.only_chain);
    if (!add_rows(*excerpt, atoms)) return std::nullopt;
    StructureEntry entry = reader.to_entry(atoms, options.only_chain);
    if (entry.chains.empty()) return std::nullopt;
    return entry;
  } catch (const InputError&) {
    return std::nullopt;  // the whole reading says where in the file that is
  }
}

}  // namespace

StructureEntry parse_mmcif(const std::string& text, const std::filesystem::path& path,
                           const StructureOptions& options) {
  if (!options.only_chain.empty()) {
    if (auto entry = read_only_chain(text, path, options)) return std::move(*entry);
  }
  cif::Document document = parse_document(text, path);
  refuse_cut_file(text, path);
  MmcifReader reader(document.blocks.front(), path, options);
  if (!options.only_chain.empty()) {
    StructureEntry entry = reader.to_entry(reader.read_atoms(options.only_chain), options.only_chain);
    if (!entry.chains.empty()) return entry;
  }
  return reader.to_entry(reader.read_atoms(""), "");
}

}  // namespace foldperf::trainer
