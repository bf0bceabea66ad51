// Structures and alignments in one packed archive (archive.hpp), as pack.hpp writes it and
// `sqlite3 FILE -Ac structures alignments` too:
//   structures/<entry>.cif             any structure file, in any subfolder
//   alignments/<chain>/<file>          or <entry>/<file>, as in a folder; a chain may be a link to another
//   chain_data_cache.json, mmcif_cache.json   optional
// Files may be compressed by gzip on top of it (then recognised by content).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trainer/input/alignment_store.hpp"
#include "trainer/input/structure_store.hpp"

namespace foldperf::trainer {

inline constexpr std::string_view archived_structures = "structures/";
inline constexpr std::string_view archived_alignments = "alignments/";
inline constexpr std::string_view archived_chain_data_cache = "chain_data_cache.json";
inline constexpr std::string_view archived_mmcif_cache = "mmcif_cache.json";

// Throw InputError as ArchiveReader does, and for an archive that holds none of what is asked for.
std::unique_ptr<StructureStore> open_archived_structures(const std::filesystem::path& archive);
std::unique_ptr<AlignmentStore> open_archived_alignments(const std::filesystem::path& archive);

struct ArchivedText {
  std::string text;
  std::string path;  // for messages
};
// One of the two caches; none where the archive does not hold it.
std::optional<ArchivedText> read_archived_text(const std::filesystem::path& archive, std::string_view name);

}  // namespace foldperf::trainer
