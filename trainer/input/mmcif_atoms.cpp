#include "trainer/input/mmcif_atoms.hpp"

#include <charconv>
#include <cmath>
#include <gemmi/atof.hpp>
#include <limits>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// Indices of atom_columns.
enum Column : std::size_t {
  group,
  atom_name,
  altloc,
  component,
  mmcif_chain_id,
  sequence_number,
  insertion,
  x,
  y,
  z,
  occupancy,
  author_number,
  author_chain_id,
  model_number,
};

[[noreturn]] void fail(std::string_view value, const char* tag, const char* what, const std::string& path) {
  throw InputError(path, std::string(tag) + ": '" + std::string(value) + "' is not a " + what);
}

}  // namespace

std::string_view plain_value(std::string_view raw) {
  if (raw.empty() || raw == "?" || raw == ".") return {};
  if (raw.front() == '"' || raw.front() == '\'') return raw.size() < 2 ? raw : raw.substr(1, raw.size() - 2);
  if (raw.front() != ';' || raw.size() < 3 || raw[raw.size() - 2] != '\n') return raw;
  raw = raw.substr(1, raw.size() - 3);  // a text field, which ends in a line break and a semicolon
  if (raw.ends_with('\r')) raw.remove_suffix(1);
  return raw;
}

int whole_number(std::string_view raw, const char* tag, const std::string& path) {
  std::string_view value = plain_value(raw);
  const std::string_view digits = value.starts_with('+') ? value.substr(1) : value;
  int result = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  const bool is_signed_twice = digits.size() != value.size() && digits.starts_with('-');
  if (error != std::errc() || end != digits.data() + digits.size() || is_signed_twice)
    fail(value, tag, "whole number", path);
  return result;
}

std::optional<double> finite_number(std::string_view raw) {
  const std::string_view value = plain_value(raw);
  double result = 0;
  const auto [end, error] = gemmi::fast_from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(result)) return std::nullopt;
  return result;
}

double number(std::string_view raw, const char* tag, const std::string& path) {
  const auto value = finite_number(raw);
  if (!value) fail(plain_value(raw), tag, "number", path);
  return *value;
}

namespace {

float coordinate(std::string_view raw, const char* tag, const std::string& path) {
  const double value = number(raw, tag, path);
  if (std::abs(value) > std::numeric_limits<float>::max()) fail(plain_value(raw), tag, "coordinate in Angstrom", path);
  return static_cast<float>(value);
}

}  // namespace

void MmcifAtoms::add(const AtomValues& values) {
  if (model_.empty()) model_ = values[model_number];
  if (values[model_number] != model_) return;
  if (values[mmcif_chain_id] != mmcif_chain_ || values[author_chain_id] != author_chain_)
    find_chain(values[mmcif_chain_id], values[author_chain_id]);
  if (chain_ == nullptr) return;
  Chain& chain = *chain_;
  const auto is_as_before = [&](Column column) { return values[column] == chain.last[column]; };
  if (!is_as_before(author_number) || !is_as_before(sequence_number) || !is_as_before(component) ||
      !is_as_before(insertion) || !is_as_before(group)) {
    find_residue(chain, values);
    chain.last = values;
  }
  AtomRecord atom;
  atom.slot = atom_slot(plain_value(values[atom_name]));
  const std::string_view location = plain_value(values[altloc]);
  atom.altloc = location.empty() ? ' ' : location.front();
  atom.occupancy = number(values[occupancy], "_atom_site.occupancy", path_);
  atom.position = {coordinate(values[x], "_atom_site.Cartn_x", path_),
                   coordinate(values[y], "_atom_site.Cartn_y", path_),
                   coordinate(values[z], "_atom_site.Cartn_z", path_)};
  if (atom.slot == no_slot) return;
  Variant& variant = chain.variants[chain.residues[chain.at_number.back().second].last_variant];
  const auto index = static_cast<std::uint32_t>(chain.atoms.size());
  (variant.first_atom == none ? variant.first_atom : chain.atoms[variant.last_atom].next) = index;
  variant.last_atom = index;
  chain.atoms.push_back({atom, none});
}

// Sets chain_.
void MmcifAtoms::find_chain(std::string_view mmcif_chain, std::string_view author_chain) {
  mmcif_chain_ = mmcif_chain;
  author_chain_ = author_chain;
  const std::string id(plain_value(mmcif_chain));
  const std::string author(plain_value(author_chain));
  const bool is_wanted = proteins_.contains(id) && (only_chain_.empty() || author == only_chain_);
  author_chains_[id] = author;
  chain_ = is_wanted ? &chains_[author] : nullptr;
}

// Makes the residue that a row belongs to the last of at_number, and the row's component that residue's last variant.
void MmcifAtoms::find_residue(Chain& chain, const AtomValues& values) const {
  const std::string_view name = plain_value(values[component]);
  const bool is_hetero = plain_value(values[group]) == "HETATM";
  const bool is_water = is_hetero && (name == "HOH" || name == "WAT");
  const ResidueName residue_name{is_water    ? 'W'
                                 : is_hetero ? 'H'
                                             : ' ',
                                 is_hetero && !is_water ? name : "",
                                 whole_number(values[author_number], "_atom_site.auth_seq_id", path_),
                                 plain_value(values[insertion])};
  const int in_sequence = whole_number(values[sequence_number], "_atom_site.label_seq_id", path_);
  const auto [found, is_new] =
      chain.by_name.try_emplace(residue_name, static_cast<std::uint32_t>(chain.residues.size()));
  if (is_new) chain.residues.emplace_back();
  chain.at_number.emplace_back(in_sequence, found->second);
  Residue& residue = chain.residues[found->second];
  std::uint32_t variant = residue.first_variant;
  while (variant != none && chain.variants[variant].component != name) variant = chain.variants[variant].next;
  if (variant == none) {
    variant = static_cast<std::uint32_t>(chain.variants.size());
    chain.variants.push_back({name, none, none, residue.first_variant});
    residue.first_variant = variant;
  }
  residue.last_variant = variant;
}

const std::string* MmcifAtoms::author_chain(std::string_view mmcif_chain) const {
  const auto found = author_chains_.find(mmcif_chain);
  return found == author_chains_.end() ? nullptr : &found->second;
}

void MmcifAtoms::place(std::string_view author_chain, int first, ProteinChain& chain) const {
  const auto found = chains_.find(author_chain);
  if (found == chains_.end()) return;
  const Chain& atoms = found->second;
  std::vector<std::uint32_t> residue_at(chain.length(), none);
  for (const auto& [number, residue] : atoms.at_number) {
    const std::int64_t index = std::int64_t{number} - first;
    if (index >= 0 && index < static_cast<std::int64_t>(residue_at.size()))
      residue_at[static_cast<std::size_t>(index)] = residue;
  }
  for (std::size_t index = 0; index < residue_at.size(); ++index) {
    if (residue_at[index] == none) continue;
    const Variant& variant = atoms.variants[atoms.residues[residue_at[index]].last_variant];
    ResidueAtoms residue(variant.component);
    for (std::uint32_t atom = variant.first_atom; atom != none; atom = atoms.atoms[atom].next)
      residue.add(atoms.atoms[atom].record);
    residue.place(chain, index);
  }
}

}  // namespace foldperf::trainer
