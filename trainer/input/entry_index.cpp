#include "trainer/input/entry_index.hpp"

#include <filesystem>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

bool is_mmcif_file(std::string_view name) {
  const auto extension = std::filesystem::path(name_without_gz(name)).extension();
  return extension == ".cif" || extension == ".mmcif";
}

void EntryIndex::add(const std::string& entry, const std::string& file) {
  const auto [found, is_new] = files_.emplace(entry, file);
  if (!is_new) {
    if (is_mmcif_file(file) && !is_mmcif_file(found->second)) found->second = file;
    return;
  }
  std::string small = in_small_letters(entry);
  if (small != entry) names_.emplace(std::move(small), entry);
}

std::vector<std::string> EntryIndex::entries() const {
  std::vector<std::string> names;
  names.reserve(files_.size());
  for (const auto& [name, file] : files_) names.push_back(name);
  return names;
}

EntryIndex::Files::const_iterator EntryIndex::locate(std::string_view entry) const {
  auto found = files_.find(entry);
  if (found != files_.end()) return found;
  const std::string small = in_small_letters(entry);
  found = files_.find(small);
  if (found != files_.end()) return found;
  const auto name = names_.find(small);
  return name == names_.end() ? files_.end() : files_.find(name->second);
}

std::optional<std::string> EntryIndex::find(std::string_view entry) const {
  const auto found = locate(entry);
  if (found == files_.end()) return std::nullopt;
  return found->first;
}

std::string EntryIndex::file(std::string_view entry, const std::string& store) const {
  const auto found = locate(entry);
  if (found == files_.end())
    throw InputError(store, "has no structure file for the entry '" + std::string(entry) + "'");
  return found->second;
}

}  // namespace foldperf::trainer
