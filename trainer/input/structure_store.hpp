// Where the structure files of entries lie: a folder, flat or divided as the PDB's, or a packed archive.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/structure.hpp"

namespace foldperf::trainer {

struct StructureFile {
  std::string name;   // without .gz: 1ubi.cif
  std::string bytes;  // not compressed
  std::string path;   // for messages: where it lies
};

// As parse_mmcif and parse_pdb, by the file's name. The result is of the entry that it was asked for as.
StructureEntry parse_structure(const StructureFile& file, std::string_view entry, const StructureOptions& options = {});

// What lies there is listed once, when the store is opened. All members may be called by many threads at once.
//
// Entries are asked for by name (1ubi). A name that no file has as it is written is looked for regardless of case, so
// that the 1ubi of a cache finds 1UBI.cif.
class StructureStore {
 public:
  StructureStore() = default;
  StructureStore(const StructureStore&) = delete;
  StructureStore& operator=(const StructureStore&) = delete;
  virtual ~StructureStore() = default;

  // The folder or archive, for messages.
  [[nodiscard]] virtual std::string name() const = 0;
  // Names of the entries, as their files write them, sorted. Never none.
  [[nodiscard]] virtual std::vector<std::string> entries() const = 0;
  // The entry's name as its file writes it.
  [[nodiscard]] virtual std::optional<std::string> find(std::string_view entry) const = 0;
  [[nodiscard]] bool contains(std::string_view entry) const { return find(entry).has_value(); }
  // Where an entry lies, for messages. Throws InputError where there is no such entry.
  [[nodiscard]] virtual std::string path(std::string_view entry) const = 0;
  // Reads an entry's file. Throws InputError where there is no such entry, and as read_text_file does.
  [[nodiscard]] virtual StructureFile file(std::string_view entry) const = 0;

  // As read_structure. Throws InputError also where there is no such entry.
  [[nodiscard]] StructureEntry read(std::string_view entry, const StructureOptions& options = {}) const;
};

// `path`: a folder of structure files, also in subfolders with names of two characters, as the PDB divides its archive
// (ub/1ubi.cif.gz); or a packed archive (archive_stores.hpp), recognised by its content. Of an entry that is there
// several times the mmCIF file counts, then one that lies in no subfolder. Throws InputError for what is missing,
// neither folder nor archive, cannot be listed, or holds no structure file.
std::unique_ptr<StructureStore> open_structure_store(const std::filesystem::path& path);

}  // namespace foldperf::trainer
