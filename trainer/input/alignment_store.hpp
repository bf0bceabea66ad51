// Where the alignments and template hits of chains lie: a folder a chain, OpenProteinSet's alignment_db, or a packed
// archive.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/input/alignment_file.hpp"

namespace foldperf::trainer {

struct AlignmentFile {
  std::string name;   // without .gz
  std::string bytes;  // not compressed
  std::string path;   // for messages: where it lies
};

// All members may be called by many threads at once.
class AlignmentStore {
 public:
  AlignmentStore() = default;
  AlignmentStore(const AlignmentStore&) = delete;
  AlignmentStore& operator=(const AlignmentStore&) = delete;
  virtual ~AlignmentStore() = default;

  // Names of the chains (1ubi_A) that have files, sorted. In a folder these may also be names of entries.
  [[nodiscard]] virtual std::vector<std::string> chains() const = 0;
  // Whether a chain has a place among them, in a folder also by its entry's name. A folder is listed for this once.
  [[nodiscard]] virtual bool contains(std::string_view chain) const = 0;
  // The same for chains that share their files (by links, or as an index says); empty for a chain without a place.
  [[nodiscard]] virtual std::string source(std::string_view chain) const = 0;
  // Names of a chain's files, without .gz, sorted, so that the same files give the same sample wherever they lie. None
  // for a chain that has none.
  [[nodiscard]] virtual std::vector<std::string> file_names(std::string_view chain) const = 0;
  // Reads those files of `names` that the chain has, in the order of file_names. Throws InputError for files that are
  // damaged, empty or cannot be read.
  [[nodiscard]] virtual std::vector<AlignmentFile> files(std::string_view chain,
                                                         std::span<const std::string> names) const = 0;

  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain) const;
  [[nodiscard]] std::vector<AlignmentFile> files(std::string_view chain, AlignmentFileKind kind) const;
};

// `path`: a folder with <chain>/ or <entry>/ in it (1ubi_A/, or 1ubi/ where the chain has none of its own), the files
// in it or, as OpenProteinSet comes, in a3m/ and hhr/ below; a packed
// archive (archive_stores.hpp), recognised by its content; or the index file of an alignment_db, whose .db files are in
// `db_folder` (empty: beside the index). Throws InputError as AlignmentDb and open_archived_alignments do, and where
// there is none of them.
std::unique_ptr<AlignmentStore> open_alignment_store(const std::filesystem::path& path,
                                                     const std::filesystem::path& db_folder = {});

// Parses a file by its name (a3m or Stockholm). Throws InputError as the parsers do.
Alignment parse_alignment(const AlignmentFile& file);

}  // namespace foldperf::trainer
