// What a merge knows across the files it merges: which ids are taken, and by which texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/database/sqlite.hpp"

struct sqlite3_context;
struct sqlite3_value;

namespace foldperf::database {

// Fills, for the file attached as "source", the temporary tables domain_map and communicator_map (old id, new id) and
// the SQL function fp_string(old id) of the connection, and writes the strings, domains, categories and communicators
// of the run.
class MergeIds {
 public:
  explicit MergeIds(sqlite::Connection& connection);
  ~MergeIds();
  MergeIds(const MergeIds&) = delete;
  MergeIds& operator=(const MergeIds&) = delete;

  // `file`: place of the file in the merge, from 0. `rank`: its rank in the run.
  void map_file(int file, int rank);
  // The file's transaction was committed; or rolled back, whether or not map_file ran in it.
  void keep_file() { new_strings_.clear(); }
  void forget_file();

  // Ids of a file are spread by this: file 0 keeps its own. Ids beyond the range of one file become NULL.
  static constexpr std::int64_t ids_per_file = std::int64_t{1} << 40;

 private:
  using Categories = std::map<std::int64_t, std::string>;  // by number
  void map_strings();
  void map_domains(int rank);
  void map_communicators(int file, int rank);
  std::int64_t intern(const std::string& text);
  static void fp_string(sqlite3_context* context, int, sqlite3_value** arguments);

  sqlite::Connection& connection_;
  std::unordered_map<std::string, std::int64_t> strings_;
  std::vector<std::int64_t> dense_string_map_;                     // of the present file: new ids, at their old ones
  std::unordered_map<std::int64_t, std::int64_t> far_string_map_;  // where old ids are not dense
  std::vector<std::string> new_strings_;                           // of the present file
  std::map<std::string, std::vector<std::int64_t>> domains_;       // ids by name; "" is the default domain
  std::map<std::pair<int, std::int64_t>, Categories> categories_;  // by rank and domain
  std::map<std::string, std::int64_t> communicators_;              // ids by global id
  std::int64_t next_domain_ = 1;
  std::int64_t next_communicator_ = 1;
};

}  // namespace foldperf::database
