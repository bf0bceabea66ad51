// A run database in the making, of another tool's recording: appears whole or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/database/sqlite.hpp"

namespace foldperf::exchange {

// The file under its temporary name, removed at the end of the scope.
struct PartFile {
  explicit PartFile(std::string p) : path(std::move(p)) {}
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  std::string path;
};

class ImportedRun {
 public:
  explicit ImportedRun(const std::string& output);  // throws SystemError
  [[nodiscard]] database::sqlite::Connection& connection() { return connection_; }

  // Of StringIds, made where there is none.
  std::int64_t string_id(const std::string& text);
  // No rank twice: gives `wanted`, or the next that is free.
  int take_rank(std::optional<std::int64_t> wanted);
  void add_rank(int rank, std::int64_t pid, std::int64_t start_utc_ns, const std::string& source,
                std::optional<std::int64_t> world_size);
  void add_dropped(int rank, const std::string& kind, std::int64_t count);

  // Adds what no event is lost for: indexes, views, steps, summaries; then the file gets its name.
  void finish(const std::string& name, std::int64_t start_utc_ns);

 private:
  std::string output_;
  PartFile part_;
  database::sqlite::Connection connection_;
  std::unordered_map<std::string, std::int64_t> strings_;
  std::unordered_map<int, bool> ranks_;
};

}  // namespace foldperf::exchange
