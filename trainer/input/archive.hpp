// One file in place of millions: SQLite's archive format (https://sqlite.org/sqlar.html), which `sqlite3 FILE -A` lists
// and extracts. Its one table is
//   CREATE TABLE sqlar(name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB)
// where data is in zlib's format if that is shorter than sz bytes, else as it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// Whether a file is an SQLite file by its first bytes. False for what is no file or cannot be read.
bool is_archive(const std::filesystem::path& path);

// All members may be called by many threads at once: each reads through a connection of its own, and decompresses
// without any.
//
// The file is not changed, and must not be while it is open. Members throw InputError that names archive and member for
// what is damaged.
class ArchiveReader {
 public:
  // Throws InputError for what is missing or no such archive, and for one whose writer was killed.
  explicit ArchiveReader(const std::filesystem::path& path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  [[nodiscard]] std::string path() const;
  // A member as messages call it: pdb.sqlar(structures/1ubi.cif).
  [[nodiscard]] std::string place(std::string_view name) const;

  // Names, sorted, of all members (folders and links too) whose names begin with `prefix`, which must not be empty.
  void for_each_name(std::string_view prefix, const std::function<void(std::string_view)>& use) const;

  enum class Kind { none, file, folder, link };
  [[nodiscard]] Kind kind(std::string_view name) const;
  // The name that a link leads to, through links of links; any other name as it is. Throws InputError also for links
  // that lead out of the archive or in a circle.
  [[nodiscard]] std::string follow(std::string_view name) const;
  // The bytes of a file; a link is followed. Throws InputError also where there is none, and above 4 GiB.
  [[nodiscard]] std::string read(std::string_view name) const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace foldperf::trainer
