#include "trainer/input/structure.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

std::filesystem::path plain_name(const std::filesystem::path& path) {
  return name_without_gz(path.filename().string());
}

bool is_mmcif_name(const std::filesystem::path& path) {
  const auto extension = plain_name(path).extension();
  return extension == ".cif" || extension == ".mmcif";
}

bool is_pdb_name(const std::filesystem::path& path) {
  const auto extension = plain_name(path).extension();
  return extension == ".pdb" || extension == ".ent";
}

}  // namespace

bool is_structure_file(const std::filesystem::path& path) { return is_mmcif_name(path) || is_pdb_name(path); }

std::string entry_name(const std::filesystem::path& path) {
  const std::filesystem::path plain = plain_name(path);
  const std::string stem = plain.stem().string();
  const bool is_archive_name = plain.extension() == ".ent" && stem.size() == 7 && stem.rfind("pdb", 0) == 0;
  return is_archive_name ? stem.substr(3) : stem;
}

StructureEntry read_structure(const std::filesystem::path& path, const StructureOptions& options) {
  if (!is_structure_file(path)) {
    throw InputError(path.string(), "is no structure file by its name: .cif, .mmcif, .pdb or .ent, each also with .gz");
  }
  const std::string text = read_text_file(path);
  return is_mmcif_name(path) ? parse_mmcif(text, path, options) : parse_pdb(text, path, options);
}

const ProteinChain& find_chain(const StructureEntry& entry, std::string_view chain) {
  if (entry.chains.empty()) {
    throw InputError(entry.path,
                     entry.other_chains.empty()
                         ? "has no protein chain (in an mmCIF file, no _entity_poly_seq table names its sequence)"
                         : "has no protein chain, only DNA, RNA or other polymers");
  }
  std::string names;
  for (const ProteinChain& candidate : entry.chains) {
    if (candidate.chain == chain) return candidate;
    names += (names.empty() ? "" : ", ") + candidate.chain;
  }
  if (chain.empty() && entry.chains.size() == 1) return entry.chains.front();
  throw InputError(entry.path, "has no protein chain '" + std::string(chain) + "'; its protein chains are " + names);
}

}  // namespace foldperf::trainer
