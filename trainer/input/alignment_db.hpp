// OpenProteinSet's alignment databases: the files of many chains joined in a few .db files, and an index that says
// where each lies (OpenFold, scripts/alignment_db_scripts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace foldperf::trainer {

// Two forms of index are read, as JSON:
//   of several .db files   {"1ubi_A": {"db": "alignment_db_0.db", "files": [["uniref90_hits.sto", 0, 4711], ...]}, ...}
//   of the .db file with the index' name beside it   {"1ubi_A": [["uniref90_hits.sto", 0, 4711], ...], ...}
// Start and size are bytes. Several chains may share the same ranges.
//
// All const members may be called by many threads at once.
class AlignmentDb {
 public:
  // `db_folder` holds the .db files; empty means the index' folder. Throws InputError naming index, chain and file for
  // an index of another form, a .db file that is missing or cannot be opened, and ranges that end behind its end.
  explicit AlignmentDb(const std::filesystem::path& index, const std::filesystem::path& db_folder = {});
  ~AlignmentDb();
  AlignmentDb(const AlignmentDb&) = delete;
  AlignmentDb& operator=(const AlignmentDb&) = delete;

  // Sorted by name.
  [[nodiscard]] std::vector<std::string> chains() const;
  // Names of a chain's files, sorted; none for a chain that is not in the index.
  [[nodiscard]] std::vector<std::string> file_names(std::string_view chain) const;
  // The bytes of one of them. Throws InputError where the chain has no such file, or it cannot be read (any more).
  [[nodiscard]] std::string read(std::string_view chain, std::string_view file) const;
  // The same text for chains with the same ranges under the same names; empty for a chain that is not in the index.
  [[nodiscard]] std::string source(std::string_view chain) const;
  // The .db file that holds a chain's files; empty for a chain that is not in the index.
  [[nodiscard]] std::filesystem::path db_file(std::string_view chain) const;

 private:
  struct Shard;
  struct Range {
    std::uint32_t name = 0;  // in names_
    std::uint64_t start = 0;
    std::uint64_t size = 0;
  };
  struct Chain {
    std::uint32_t shard = 0;
    std::uint32_t count = 0;
    std::size_t first = 0;  // in ranges_
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <typename Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
  class Loader;

  std::string index_;  // for messages
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::string> names_;  // of files: a database has few different ones
  std::vector<Range> ranges_;
  TextMap<Chain> chains_;
};

}  // namespace foldperf::trainer
