#include "trainer/protein/residue_types.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "core/error.hpp"
#include "trainer/protein/literature.hpp"

namespace foldperf::trainer {

namespace {

// The atoms from N along the side chain such that chi k turns about atoms k+1 and k+2 (IUPAC; AlphaFold 2 supplement,
// table 2). Arginine's chi5 is always near 0 and left out.
struct SideChain {
  std::string_view residue;
  std::array<std::string_view, chi_count + 3> path;
  std::array<std::pair<std::string_view, std::string_view>, 2> ambiguous = {};
};

constexpr std::array<SideChain, 18> side_chains = {{
    {"ARG", {"N", "CA", "CB", "CG", "CD", "NE", "CZ"}},
    {"ASN", {"N", "CA", "CB", "CG", "OD1"}},
    {"ASP", {"N", "CA", "CB", "CG", "OD1"}, {{{"OD1", "OD2"}}}},
    {"CYS", {"N", "CA", "CB", "SG"}},
    {"GLN", {"N", "CA", "CB", "CG", "CD", "OE1"}},
    {"GLU", {"N", "CA", "CB", "CG", "CD", "OE1"}, {{{"OE1", "OE2"}}}},
    {"HIS", {"N", "CA", "CB", "CG", "ND1"}},
    {"ILE", {"N", "CA", "CB", "CG1", "CD1"}},
    {"LEU", {"N", "CA", "CB", "CG", "CD1"}},
    {"LYS", {"N", "CA", "CB", "CG", "CD", "CE", "NZ"}},
    {"MET", {"N", "CA", "CB", "CG", "SD", "CE"}},
    {"PHE", {"N", "CA", "CB", "CG", "CD1"}, {{{"CD1", "CD2"}, {"CE1", "CE2"}}}},
    {"PRO", {"N", "CA", "CB", "CG", "CD"}},
    {"SER", {"N", "CA", "CB", "OG"}},
    {"THR", {"N", "CA", "CB", "OG1"}},
    {"TRP", {"N", "CA", "CB", "CG", "CD1"}},
    {"TYR", {"N", "CA", "CB", "CG", "CD1"}, {{{"CD1", "CD2"}, {"CE1", "CE2"}}}},
    {"VAL", {"N", "CA", "CB", "CG1"}},
}};

const SideChain* side_chain(int aatype) {
  if (aatype < 0 || aatype >= residue_type_count) return nullptr;
  const auto* found = std::find_if(side_chains.begin(), side_chains.end(), [&](const SideChain& chain) {
    return chain.residue == residue_names[static_cast<std::size_t>(aatype)];
  });
  return found == side_chains.end() ? nullptr : found;
}

struct ModifiedResidue {
  std::string_view component;
  char letter;
};

// Sorted by component.
constexpr ModifiedResidue modified_residues[] = {
#define MODIFIED(component, letter) {component, letter},
#include "trainer/protein/tables/modified_residues.inc"
#undef MODIFIED
};

template <typename Names>
std::optional<int> position(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(std::distance(names.begin(), found));
}

}  // namespace

int residue_from_letter(char letter) {
  const auto found = residue_letters.substr(0, residue_type_count).find(letter);
  return found == std::string_view::npos ? unknown_residue : static_cast<int>(found);
}

int residue_from_name(std::string_view name) { return position(residue_names, name).value_or(unknown_residue); }

char component_letter(std::string_view component) {
  const int standard = residue_from_name(component);
  if (standard != unknown_residue) return residue_letters[static_cast<std::size_t>(standard)];
  const auto* found =
      std::lower_bound(std::begin(modified_residues), std::end(modified_residues), component,
                       [](const ModifiedResidue& entry, std::string_view name) { return entry.component < name; });
  return found != std::end(modified_residues) && found->component == component ? found->letter : 'X';
}

std::optional<int> atom37_index(std::string_view atom_name) { return position(atom37_names, atom_name); }

std::span<const std::string_view> atom14_names(int aatype) {
  // The literature atoms are listed in atom14 order.
  static const std::array<std::vector<std::string_view>, residue_type_count + 1> names = [] {
    std::array<std::vector<std::string_view>, residue_type_count + 1> by_type;
    for (const LiteratureAtom& atom : literature_atoms) {
      by_type[static_cast<std::size_t>(residue_from_name(atom.residue))].push_back(atom.name);
    }
    return by_type;
  }();
  if (aatype < 0 || aatype > unknown_residue) {
    throw Error("residue type " + std::to_string(aatype) + " is not between 0 and 20");
  }
  return names[static_cast<std::size_t>(aatype)];
}

std::optional<int> atom14_index(int aatype, std::string_view atom_name) {
  return position(atom14_names(aatype), atom_name);
}

double van_der_waals_radius(std::string_view atom_name) {
  switch (atom_name.empty() ? '\0' : atom_name.front()) {
    case 'C':
      return 1.7;
    case 'N':
      return 1.55;
    case 'O':
      return 1.52;
    case 'S':
      return 1.8;
    default:
      throw Error("no van der Waals radius for atom '" + std::string(atom_name) + "'");
  }
}

std::span<const std::string_view> chi_atoms(int aatype, int chi) {
  const SideChain* chain = side_chain(aatype);
  if (!chain || chi < 0 || chi >= chi_count || chain->path[static_cast<std::size_t>(chi) + 3].empty()) return {};
  return std::span(chain->path).subspan(static_cast<std::size_t>(chi), 4);
}

bool chi_is_pi_periodic(int aatype, int chi) {
  // Where atom names are ambiguous, turning the last chi by pi exchanges them.
  return !ambiguous_atoms(aatype).empty() && !chi_atoms(aatype, chi).empty() && chi_atoms(aatype, chi + 1).empty();
}

std::vector<std::pair<std::string_view, std::string_view>> ambiguous_atoms(int aatype) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  if (const SideChain* chain = side_chain(aatype)) {
    for (const auto& pair : chain->ambiguous) {
      if (!pair.first.empty()) pairs.push_back(pair);
    }
  }
  return pairs;
}

std::optional<int> hhblits_from_letter(char letter) {
  switch (letter) {
    case 'B':
      letter = 'D';
      break;
    case 'Z':
      letter = 'E';
      break;
    case 'U':
      letter = 'C';
      break;
    case 'J':
    case 'O':
      letter = 'X';
      break;
    default:
      break;
  }
  const auto found = hhblits_letters.find(letter);
  if (found == std::string_view::npos) return std::nullopt;
  return static_cast<int>(found);
}

const std::array<int, 22>& hhblits_to_residue() {
  static const std::array<int, 22> map = [] {
    std::array<int, 22> result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<int>(residue_letters.find(hhblits_letters[i]));
    }
    return result;
  }();
  return map;
}

}  // namespace foldperf::trainer
