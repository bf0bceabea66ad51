#include "trainer/input/chain_catalog.hpp"

#include <algorithm>
#include <map>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

bool is_mmcif(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.find(".cif") != std::string::npos || name.find(".mmcif") != std::string::npos;
}

// Structure files by the name of their entry.
std::map<std::string, fs::path> list_entries(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) throw InputError(folder.string(), "no such data folder");
  if (!fs::is_directory(folder, error))
    throw InputError(folder.string(), "is no folder; the data folder holds structure files");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_structure_file(entry.path())) files.push_back(entry.path());
  }
  if (error) throw InputError(folder.string(), "cannot be listed: " + error.message());
  if (files.empty())
    throw InputError(folder.string(),
                     "the data folder holds no structure file (.cif, .pdb or .ent, each also with .gz)");
  std::sort(files.begin(), files.end());
  std::map<std::string, fs::path> entries;
  for (const fs::path& file : files) {
    const auto [found, is_new] = entries.emplace(entry_name(file), file);
    if (!is_new && is_mmcif(file) && !is_mmcif(found->second)) found->second = file;
  }
  return entries;
}

fs::path alignments_of(const fs::path& alignment_dir, const ProteinChain& chain) {
  if (alignment_dir.empty()) return {};
  const fs::path of_entry = alignment_dir / chain.entry;
  const fs::path of_chain = alignment_dir / chain.name();
  return !fs::is_directory(of_chain) && fs::is_directory(of_entry) ? of_entry : of_chain;
}

ChainSource to_source(const StructureEntry& entry, const ProteinChain& chain, const fs::path& alignment_dir) {
  return {chain.name(), chain.chain, entry.path, alignments_of(alignment_dir, chain),
          static_cast<std::int64_t>(chain.length())};
}

std::string why_skipped(const StructureEntry& entry) {
  if (entry.other_chains.empty())
    return "no protein chain (in an mmCIF file, no _entity_poly_seq table names its sequence)";
  std::string names;
  for (const std::string& chain : entry.other_chains) names += (names.empty() ? "" : ", ") + chain;
  return "no protein chain, only DNA, RNA or other polymers (chains " + names + ")";
}

}  // namespace

ChainCatalog find_chains(const fs::path& data_dir, const fs::path& alignment_dir,
                         const std::vector<std::string>& wanted, const StructureOptions& options) {
  const std::map<std::string, fs::path> entries = list_entries(data_dir);
  ChainCatalog catalog;
  if (!alignment_dir.empty() && !fs::is_directory(alignment_dir))
    throw InputError(alignment_dir.string(), "no such alignment folder");

  if (wanted.empty()) {
    for (const auto& [name, path] : entries) {
      const StructureEntry entry = read_structure(path, options);
      if (entry.chains.empty()) catalog.skipped.push_back({path, why_skipped(entry)});
      for (const ProteinChain& chain : entry.chains) catalog.chains.push_back(to_source(entry, chain, alignment_dir));
    }
  }
  for (const std::string& name : wanted) {
    // An entry's name may have an underscore too.
    auto found = entries.find(name);
    std::string chain;
    if (found == entries.end()) {
      const std::size_t underscore = name.rfind('_');
      if (underscore != std::string::npos) {
        chain = name.substr(underscore + 1);
        found = entries.find(name.substr(0, underscore));
      }
    }
    if (found == entries.end()) {
      throw InputError(data_dir.string(), "has no structure file for the chain '" + name + "' (expected a name like " +
                                              entries.begin()->first + "_A)");
    }
    const StructureEntry entry = read_structure(found->second, options);
    if (!chain.empty()) {
      catalog.chains.push_back(to_source(entry, find_chain(entry, chain), alignment_dir));
      continue;
    }
    if (entry.chains.empty()) catalog.skipped.push_back({found->second, why_skipped(entry)});
    for (const ProteinChain& candidate : entry.chains)
      catalog.chains.push_back(to_source(entry, candidate, alignment_dir));
  }
  if (catalog.chains.empty()) {
    throw InputError(data_dir.string(), "no protein chain in its " + std::to_string(catalog.skipped.size()) +
                                            " structure files; the first, " +
                                            catalog.skipped.front().structure.filename().string() + ", has " +
                                            catalog.skipped.front().reason);
  }
  return catalog;
}

}  // namespace foldperf::trainer
